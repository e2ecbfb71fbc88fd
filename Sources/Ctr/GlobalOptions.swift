import ArgumentParser
import ContainerdClient
import GRPC
import Glibc
import Host
import RPC

/// How results are printed.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    case table, json
}

/// What every command takes, before its words (as ctr has it) or after them.
struct GlobalOptions: ParsableArguments {
    @Option(help: "The server's socket (default: ukmanager's; CONTAINERD_ADDRESS). In front also -a.")
    var address: String?
    @Option(name: [.customShort("n"), .long], help: "The namespace (default: default; CONTAINERD_NAMESPACE).")
    var namespace: String?
    @Option(help: "The longest that the command may take, such as 10s or 1m30s.")
    var timeout: CommandDuration?
    @Option(name: .customLong("connect-timeout"), help: "How long to wait for the server to come up, such as 5s.")
    var connectTimeout: CommandDuration?
    @Flag(help: "Says more on standard error.")
    var debug = false
    @Option(help: "How results are printed: table or json.")
    var format: OutputFormat?

    /// The options before the words. Written once, before any command runs.
    nonisolated(unsafe) private static var leading: GlobalOptions?

    /// Takes the global options off the front of the arguments and remembers them.
    static func takeLeading(_ arguments: [String]) -> [String] {
        let valued: Set<String> = [
            "-a", "--address", "-n", "--namespace", "--timeout", "--connect-timeout", "--format",
        ]
        var end = 0
        while end < arguments.count {
            let argument = arguments[end]
            if valued.contains(argument) {
                end += 2
            } else if argument == "--debug" || valued.contains(where: { $0.count > 2 && argument.hasPrefix($0 + "=") })
            {
                end += 1
            } else {
                break
            }
        }
        end = min(end, arguments.count)
        do {
            // -a is the address here only: further on it means --all.
            leading = try GlobalOptions.parse(arguments[..<end].map { $0 == "-a" ? "--address" : $0 })
        } catch {
            GlobalOptions.exit(withError: error)
        }
        return Array(arguments[end...])
    }

    /// A value of these options, else of the ones that came first.
    private func value<T>(_ path: KeyPath<GlobalOptions, T?>) -> T? {
        self[keyPath: path] ?? Self.leading?[keyPath: path]
    }

    var isDebug: Bool { debug || Self.leading?.debug ?? false }
    var isJSON: Bool { value(\.format) == .json }

    /// The namespace to work in.
    var chosenNamespace: String { value(\.namespace) ?? environment("CONTAINERD_NAMESPACE") ?? "default" }

    /// The socket of the server.
    var chosenAddress: String {
        let address =
            value(\.address) ?? environment("CONTAINERD_ADDRESS") ?? Folders.current.managerSocket.string
        return address.hasPrefix("unix://") ? String(address.dropFirst(7)) : address
    }

    /// A client of the server.
    ///
    /// - Throws: `RPCError` when the address can be no socket's.
    func client() throws -> ContainerdClient {
        var client = try ContainerdClient(unixSocket: chosenAddress, namespace: chosenNamespace)
        client.timeout = value(\.timeout)?.duration
        client.waitForReady = value(\.connectTimeout) != nil
        if isDebug { complain("using \(chosenAddress), namespace \(chosenNamespace)") }
        return client
    }
}

/// A duration as Go's programs write it: `1h2m3.5s`, `200ms`; a bare number is seconds.
struct CommandDuration: ExpressibleByArgument, Sendable {
    let duration: Duration

    init?(argument: String) {
        guard let milliseconds = GoDuration.milliseconds(argument) ?? GoDuration.milliseconds(argument + "s") else {
            return nil
        }
        duration = .milliseconds(milliseconds)
    }
}

/// The number of a signal that is to be sent.
func signalNumber(_ text: String) throws -> UInt32 {
    guard let number = SignalNumber.named(text), number > 0 else { throw ValidationError("unknown signal \"\(text)\"") }
    return UInt32(number)
}

/// `NAME=value` pairs of the command line; a name alone has an empty value.
func labels(_ arguments: [String]) -> [String: String] {
    var labels: [String: String] = [:]
    for argument in arguments {
        let name = argument.prefix { $0 != "=" }
        labels[String(name)] = String(argument.dropFirst(name.count + 1))
    }
    return labels
}
