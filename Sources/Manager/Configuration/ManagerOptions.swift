import ArgumentParser
import Foundation
import Host
import Logging
import SystemPackage

/// The flags of ukmanager. What they leave open, the configuration file may say.
struct ManagerOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: "The configuration file, in the form of containerd's config.toml.")
    var config: String?
    @Option(name: .shortAndLong, help: "The gRPC socket.")
    var address: String?
    @Option(name: .long, help: "A group whose members may use the gRPC socket: name or number.")
    var group: String?
    @Option(name: .long, help: "The folder for images, snapshots and metadata.")
    var root: String?
    @Option(name: .long, help: "The folder for what does not outlive a boot.")
    var state: String?
    @Option(
        name: [.customShort("l"), .customLong("log-level")],
        help: "The least level that is logged: trace, debug, info, warn, error, fatal, panic.")
    var logLevel: String?

    /// What `settings` gives.
    struct Settings {
        var configuration: ManagerConfiguration
        var level: Logger.Level
        /// Whether log lines are JSON.
        var logsJSON: Bool
        var remarks: [String]
    }

    /// What the flags, the file and the defaults come to, and what there is to be said of the file.
    func settings() throws -> Settings {
        let folders = Folders.current
        var configuration = ManagerConfiguration(folders: folders)
        let path = config ?? folders.configuration.appending("manager.toml").string
        let file: ConfigurationFile
        do {
            file = try ConfigurationFile.load(path)
        } catch let error as CocoaError {
            guard config == nil, error.code == .fileReadNoSuchFile else {
                throw ValidationError("cannot read \(path): no such file, or not readable")
            }
            file = ConfigurationFile()
        }
        if let root = root ?? file.root { configuration.root = try absolute(root) }
        if let state = state ?? file.state { configuration.state = try absolute(state) }
        if let address = address ?? file.address { configuration.address = try absolute(address) }
        configuration.group = try group.map { try UnixSocket.group($0) } ?? file.group
        if let size = file.maximumMessageSize { configuration.maximumMessageSize = size }
        configuration.oomScore = file.oomScore ?? 0
        configuration.disabledPlugins = Set(file.disabledPlugins)
        configuration.requiredPlugins = Set(file.requiredPlugins)
        configuration.collection = file.collection
        configuration.installFolder = try file.installFolder.map { try absolute($0) }
        configuration.timeouts.apply(file.timeouts)
        configuration.user = file.user
        configuration.debug = file.debug
        configuration.metricsAddress = file.metricsAddress
        configuration.hasCallDurations = file.hasCallDurations ?? false
        configuration.streamProcessors = file.streamProcessors.values.sorted { $0.id < $1.id }
        return Settings(
            configuration: configuration, level: try level(logLevel ?? file.level ?? "info"),
            logsJSON: file.logFormat == "json", remarks: file.remarks)
    }

    private func absolute(_ path: String) throws -> FilePath {
        let path = path.hasPrefix("unix://") ? String(path.dropFirst("unix://".count)) : path
        guard !path.hasPrefix("/") else { return FilePath(path) }
        return Folders.working.pushing(FilePath(path)).lexicallyNormalized()
    }

    private func level(_ name: String) throws -> Logger.Level {
        switch name {
        case "trace": return .trace
        case "debug": return .debug
        case "info": return .info
        case "warn", "warning": return .warning
        case "error": return .error
        case "fatal", "panic": return .critical
        default: throw ValidationError("not a log level: \(name)")
        }
    }
}
