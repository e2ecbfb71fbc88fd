import ArgumentParser
import Runtime
import SystemPackage

/// The commands that every container's life is made of, on a command line where nothing is unusual. ArgumentParser takes two
/// milliseconds to learn what its commands are, as long as all of `runu start`. What is not plain is left to it: help and
/// errors above all.
struct PlainCommand {
    private enum Kind: String {
        case create, run, start, state, kill, delete

        /// Options that it knows beside those of runu itself.
        var options: Set<String> {
            switch self {
            case .create: CreationOptions.names
            case .run: CreationOptions.names.union(["detach", "keep", "no-subreaper"])
            case .start, .state: []
            case .kill: ["all"]
            case .delete: ["force"]
            }
        }
    }

    private static let global: Set<String> = [
        "root", "log", "log-format", "debug", "systemd-cgroup", "rootless", "criu", "cgroup-manager",
    ]

    private let kind: Kind
    private let id: String
    private let signal: String
    private let store: ContainerStore
    private let log: Log
    private var creation = CreationRequest()
    private var options: [String: String] = [:]

    /// - Parameter arguments: as `GoFlags` brings them into shape. Nil when they are better read with more care.
    init?(_ arguments: [String]) {
        var words: [String] = []
        for argument in arguments {
            guard argument.hasPrefix("-") else {
                words.append(argument)
                continue
            }
            guard argument.hasPrefix("--") else { return nil }
            let parts = argument.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            options[String(parts[0])] = parts.count > 1 ? String(parts[1]) : ""
        }
        guard let kind = words.first.flatMap({ Kind(rawValue: $0) }), words.count > 1,
            words.count == 2 || (kind == .kill && words.count == 3),
            options.keys.allSatisfy({ PlainCommand.global.contains($0) || kind.options.contains($0) }),
            let format = Log.Format(rawValue: options["log-format"] ?? "text"),
            let preserved = Int(options["preserve-fds"] ?? "0")
        else { return nil }
        (self.kind, id, signal) = (kind, words[1], words.count > 2 ? words[2] : "SIGTERM")
        store = ContainerStore(root: options["root"].map { FilePath($0) })
        log = Log(file: options["log"].map { FilePath($0) }, format: format, isDebugging: options["debug"] != nil)
        creation.bundle = options["bundle"] ?? creation.bundle
        creation.consoleSocket = options["console-socket"]
        creation.pidFile = options["pid-file"]
        creation.preservedDescriptors = preserved
    }

    func run() throws {
        Log.shared = log
        switch kind {
        case .create: try creation.create(id, in: store)
        case .run: try creation.run(id, in: store, isDetached: options["detach"] != nil, keep: options["keep"] != nil)
        case .start:
            var container = try store.container(id)
            try container.start()
        case .state: try State.show(store.container(id))
        case .kill: try store.container(id).kill(try Signals.parse(signal), all: options["all"] != nil)
        case .delete: try store.delete(id, force: options["force"] != nil)
        }
    }
}
