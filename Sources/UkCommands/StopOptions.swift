import ArgumentParser

/// How containers are stopped, by `stop` and `restart`.
struct StopOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: "Signal to send to the container.")
    var signal: String?
    @Option(
        name: [.customShort("t"), .customLong("timeout"), .customLong("time")],
        help: ArgumentHelp("Seconds to wait before killing it.", valueName: "seconds"))
    var timeout: Int?

    /// The options as the Engine API takes them.
    var query: [(name: String, value: String?)] { [("signal", signal), ("t", timeout.map { String($0) })] }
}
