import ArgumentParser

/// IMAGE [COMMAND] [ARG...]: everything after the image is the container's, whatever it looks like.
struct ImageAndCommand: ParsableArguments {
    @Argument(
        parsing: .captureForPassthrough,
        help: ArgumentHelp("The image, and the command to run in it.", valueName: "IMAGE [COMMAND] [ARG...]"),
        completion: .imageNames)
    var words: [String]

    var name: String { words.first { $0 != "--" } ?? "" }
    var command: [String] { Array(words.drop { $0 == "--" }.dropFirst()) }

    func validate() throws { try Passthrough.check(words) }
}
