import ArgumentParser
import Dispatch
import Engine
import EngineServer
import Glibc
import Host
import IdleMemory
import Logging
import SystemPackage

/// The daemon's command line.
@main
struct UkdCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ukd", abstract: "Serves the Docker Engine API for ukontainer.",
        discussion: "It needs ukmanager, which has to be started first. Containers go on when it stops.",
        version: "ukd version \(Version.text)")

    @Option(
        name: [.customLong("host"), .customShort("H")],
        help: """
            A socket to listen on, as unix://PATH. Default, and fd:// (from systemd): docker.sock in the runtime folder.
            """)
    var hosts: [String] = []

    @Option(name: .customLong("data-root"), help: "The folder for containers and volumes.")
    var dataRoot: String?

    @Option(name: .customLong("exec-root"), help: "The folder for fifos.")
    var execRoot: String?

    @Option(name: .customLong("containerd"), help: "The manager's socket.")
    var managerSocket: String?

    @Option(
        name: [.customLong("group"), .customShort("G")], help: "A group whose members may connect: name or number.")
    var group: String?

    @Option(name: [.customLong("log-level"), .customShort("l")], help: "trace, debug, info, warning or error.")
    var logLevel = "info"

    @Flag(name: [.customLong("debug"), .customShort("D")], help: "The same as --log-level debug.")
    var debug = false

    func validate() throws {
        for host in hosts where !host.hasPrefix("unix://") && host != "fd://" {
            throw ValidationError("\(host): only unix:// sockets are served")
        }
        guard level != nil else { throw ValidationError("\(logLevel) is no log level") }
    }

    private var level: Logger.Level? {
        if debug { return .debug }
        switch logLevel.lowercased() {
        case "trace": return .trace
        case "debug": return .debug
        case "info": return .info
        case "warn", "warning": return .warning
        case "error", "fatal", "panic": return .error
        default: return nil
        }
    }

    func run() async throws {
        let level = level ?? .info
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
        let logger = Logger(label: "ukd")
        signal(SIGPIPE, SIG_IGN)
        umask(0o077)
        IdleMemory.prepare()
        let folders = Folders.current
        var configuration = EngineConfiguration(folders: folders)
        if let dataRoot { configuration.dataRoot = absolute(dataRoot) }
        if let execRoot { configuration.execRoot = absolute(execRoot) }
        if let managerSocket {
            configuration.managerSocket = absolute(
                managerSocket.hasPrefix("unix://") ? String(managerSocket.dropFirst(7)) : managerSocket)
        }
        configuration.debug = level <= .debug
        let sockets =
            hosts.isEmpty
            ? [folders.engineSocket]
            : hosts.map { $0 == "fd://" ? folders.engineSocket : absolute(String($0.dropFirst(7))) }
        let server: Server
        do {
            let manager = try ContainerdManager(configuration)
            let engine = try await Engine(configuration: configuration, manager: manager, logger: logger)
            server = try await Server.start(
                engine: engine, sockets: sockets, admitted: try group.map { try UnixSocket.group($0) }, logger: logger)
        } catch {
            _ = try? FileDescriptor.standardError.writeAll("ukd: \(error)\n".utf8)
            throw ExitCode(1)
        }
        IdleMemory.watch()
        let name = await stopSignal()
        logger.info("stopping; containers go on", metadata: ["signal": "\(name)"])
        await server.stop()
    }

    private func absolute(_ path: String) -> FilePath { Folders.working.pushing(FilePath(path)) }

    /// Waits for SIGTERM or SIGINT.
    private func stopSignal() async -> String {
        let sources = [(SIGTERM, "SIGTERM"), (SIGINT, "SIGINT")].map { number, name in
            signal(number, SIG_IGN)
            return (DispatchSource.makeSignalSource(signal: number, queue: .main), name)
        }
        let (stream, continuation) = AsyncStream.makeStream(of: String.self)
        for (source, name) in sources {
            source.setEventHandler { continuation.yield(name) }
            source.resume()
        }
        defer { for (source, _) in sources { source.cancel() } }
        for await name in stream { return name }
        return ""
    }
}
