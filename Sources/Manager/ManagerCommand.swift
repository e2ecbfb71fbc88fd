import ArgumentParser
@preconcurrency import Dispatch
import Glibc
import Host
import IdleMemory
import Logging
import RPC
import SystemPackage

/// The command line of ukmanager; its flags are containerd's.
public struct ManagerCommand: AsyncParsableCommand {
    /// Name, abstract and version.
    public static let configuration = CommandConfiguration(
        commandName: "ukmanager", abstract: "Manages containers, images and snapshots behind containerd's gRPC API.",
        version: "ukmanager \(VersionServer.version)", subcommands: [ConfigCommand.self, PublishCommand.self])

    @OptionGroup var options: ManagerOptions

    /// An empty command line.
    public init() {}

    /// Runs the program with its command line, and exits on an error.
    public static func launch() async { await main() }

    /// Serves until SIGTERM or SIGINT.
    public func run() async throws {
        let settings = try options.settings()
        LoggingSystem.bootstrap { [level = settings.level, isJSON = settings.logsJSON] _ in
            LogLine(level: level, isJSON: isJSON)
        }
        let log = Logger(label: "ukmanager")
        for remark in settings.remarks { log.warning("\(remark)") }
        settings.configuration.admitInstalls()
        signal(SIGPIPE, SIG_IGN)
        // A limit on the size of files is an error of the write that meets it.
        signal(SIGXFSZ, SIG_IGN)
        Self.raiseDescriptorLimit()
        Self.setScore(settings.configuration.oomScore, log)
        IdleMemory.prepare()
        do {
            let manager = try await Manager(configuration: settings.configuration, log: log)
            let signals = StopSignals()
            try await manager.start()
            IdleMemory.watch()
            let name = await signals.first()
            log.info("stopping", metadata: ["signal": "\(name)"])
            await manager.stop()
        } catch let error as RPCError {
            log.critical("\(error.message)")
            throw ExitCode.failure
        } catch {
            log.critical("\(error)")
            throw ExitCode.failure
        }
    }
}

extension ManagerCommand {
    private static func setScore(_ score: Int, _ log: Logger) {
        guard score != 0 else { return }
        do {
            let file = try FileDescriptor.open("/proc/self/oom_score_adj", .writeOnly)
            _ = try file.closeAfter { try file.writeAll("\(score)".utf8) }
        } catch {
            log.warning("cannot set the oom score to \(score): \(error)")
        }
    }

    /// Every shim takes two descriptors; the usual limit of 1024 would end at some 500 containers.
    private static func raiseDescriptorLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = min(limit.rlim_max, 1 << 20)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}

/// The signals that end the program.
private final class StopSignals: Sendable {
    private let stream: AsyncStream<String>
    private let sources: [any DispatchSourceSignal]

    init() {
        let (stream, continuation) = AsyncStream.makeStream(of: String.self)
        self.stream = stream
        sources = [(SIGTERM, "terminated"), (SIGINT, "interrupt")].map { number, name in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler { continuation.yield(name) }
            source.activate()
            return source
        }
    }

    func first() async -> String {
        for await name in stream { return name }
        return ""
    }
}
