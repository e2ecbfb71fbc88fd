import ArgumentParser
import Foundation
import Host
import Logging
import SystemPackage

/// The flags of ukmanager. What they leave open, the configuration file may say.
struct ManagerOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: "The configuration file (TOML: root, state, [grpc] address, [debug] level).")
    var config: String?
    @Option(name: .shortAndLong, help: "The gRPC socket.")
    var address: String?
    @Option(name: .long, help: "The folder for images, snapshots and metadata.")
    var root: String?
    @Option(name: .long, help: "The folder for what does not outlive a boot.")
    var state: String?
    @Option(
        name: [.customShort("l"), .customLong("log-level")],
        help: "The least level that is logged: trace, debug, info, warn, error, fatal, panic.")
    var logLevel: String?

    /// What the flags, the file and the defaults come to.
    func settings() throws -> (configuration: ManagerConfiguration, level: Logger.Level) {
        let folders = Folders.current
        var configuration = ManagerConfiguration(folders: folders)
        let path = config ?? folders.configuration.appending("manager.toml").string
        let file: ConfigurationFile
        if let text = try? String(contentsOfFile: path, encoding: .utf8) {
            file = try ConfigurationFile(text, path: path)
        } else if config != nil {
            throw ValidationError("cannot read \(path): no such file, or not readable")
        } else {
            file = ConfigurationFile()
        }
        if let root = root ?? file.root { configuration.root = try absolute(root) }
        if let state = state ?? file.state { configuration.state = try absolute(state) }
        if let address = address ?? file.address { configuration.address = try absolute(address) }
        return (configuration, try level(logLevel ?? file.level ?? "info"))
    }

    private func absolute(_ path: String) throws -> FilePath {
        let path = path.hasPrefix("unix://") ? String(path.dropFirst("unix://".count)) : path
        guard !path.hasPrefix("/") else { return FilePath(path) }
        return FilePath(FileManager.default.currentDirectoryPath).appending(FilePath(path).components)
            .lexicallyNormalized()
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
