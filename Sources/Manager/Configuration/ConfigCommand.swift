import ArgumentParser
import Host
import SystemPackage

/// `ukmanager config`: shows the configuration.
struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Shows the configuration.", subcommands: [Default.self, Dump.self])

    /// `config default`
    struct Default: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Prints the defaults as a configuration file.")

        func run() throws { print(ConfigCommand.text(ManagerConfiguration(), level: "info")) }
    }

    /// `config dump`
    struct Dump: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Prints what flags, file and defaults come to.")

        @OptionGroup var options: ManagerOptions

        func run() throws {
            let settings = try options.settings()
            for remark in settings.remarks {
                _ = try FileDescriptor.standardError.writeAll("ukmanager: \(remark)\n".utf8)
            }
            print(ConfigCommand.text(settings.configuration, level: "\(settings.level)"))
        }
    }

    private static func text(_ configuration: ManagerConfiguration, level: String) -> String {
        func quoted(_ text: some CustomStringConvertible) -> String {
            "\"\("\(text)".replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
        }
        func list(_ names: Set<String>) -> String { "[\(names.sorted().map(quoted).joined(separator: ", "))]" }
        let collection = configuration.collection
        let timeouts = ShimTimeouts.names.map { name, path in
            "  \(quoted(name)) = \"\(Int64(configuration.timeouts[keyPath: path] / .milliseconds(1)))ms\""
        }
        return """
            disabled_plugins = \(list(configuration.disabledPlugins))
            oom_score = \(configuration.oomScore)
            required_plugins = \(list(configuration.requiredPlugins))
            root = \(quoted(configuration.root))
            state = \(quoted(configuration.state))
            version = 2

            [debug]
              level = \(quoted(level))

            [grpc]
              address = \(quoted(configuration.address))
              gid = \(configuration.group ?? 0)
              max_recv_message_size = \(configuration.maximumMessageSize)

            [plugins."io.containerd.gc.v1.scheduler"]
              deletion_threshold = \(collection.deletionThreshold)
              pause_threshold = \(collection.pauseThreshold)
              schedule_delay = "\(collection.scheduleDelay)ms"
              startup_delay = "\(collection.startupDelay)ms"

            [timeouts]
            \(timeouts.joined(separator: "\n"))
            """
    }
}
