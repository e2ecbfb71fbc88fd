import ArgumentParser
import EngineClient

/// `uk cp`
struct Copy: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cp", abstract: "Copy files or folders between a container and the local file system.",
        usage: "uk cp [OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\nuk cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH")
    @Flag(name: .shortAndLong, help: "Keep user and group.")
    var archive = false
    @Flag(name: [.customShort("L"), .long], help: "Always follow symbolic links in SRC_PATH.")
    var followLink = false
    @Flag(name: .shortAndLong, help: "Accepted for docker's sake.")
    var quiet = false
    @Argument(help: "What to copy.", completion: .containerNames)
    var source: String
    @Argument(help: "Where to.", completion: .file())
    var destination: String

    func run() async throws {
        let copy = FileCopy(client: try Engine.client(), keepsOwners: archive, followsLinks: followLink)
        switch (Self.split(source), Self.split(destination)) {
        case (let from?, nil): try await copy.out(of: from.container, from.path, to: destination)
        case (nil, let to?): try await copy.into(to.container, to.path, from: source)
        case (nil, nil): throw CommandFailure("must specify at least one container source")
        default: throw CommandFailure("copying between containers is not supported")
        }
    }

    /// Container and path; nil for a local path, which starts with `/` or `.` or has no colon.
    private static func split(_ text: String) -> (container: String, path: String)? {
        guard let first = text.first, first != "/", first != ".", let colon = text.firstIndex(of: ":") else {
            return nil
        }
        return (String(text[..<colon]), String(text[text.index(after: colon)...]))
    }
}
