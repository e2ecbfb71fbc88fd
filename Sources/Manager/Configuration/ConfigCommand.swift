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

        func run() throws { print(ConfigCommand.text(ManagerConfiguration(), level: "info", format: "")) }
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
            print(
                ConfigCommand.text(
                    settings.configuration, level: "\(settings.level)", format: settings.logsJSON ? "json" : ""))
        }
    }

    private static func text(_ configuration: ManagerConfiguration, level: String, format: String) -> String {
        func quoted(_ text: some CustomStringConvertible) -> String {
            "\"\("\(text)".replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
        }
        func list(_ names: [String]) -> String { "[\(names.map(quoted).joined(separator: ", "))]" }
        let collection = configuration.collection
        let timeouts = ShimTimeouts.names.map { name, path in
            "  \(quoted(name)) = \"\(Int64(configuration.timeouts[keyPath: path] / .milliseconds(1)))ms\""
        }
        let processors = configuration.streamProcessors.map { processor in
            """
              [stream_processors.\(quoted(processor.id))]
                accepts = \(list(processor.accepts))
                args = \(list(processor.arguments))
                env = \(list(processor.environment))
                path = \(quoted(processor.path))
                returns = \(quoted(processor.returns))

            """
        }
        return """
            disabled_plugins = \(list(configuration.disabledPlugins.sorted()))
            oom_score = \(configuration.oomScore)
            required_plugins = \(list(configuration.requiredPlugins.sorted()))
            root = \(quoted(configuration.root))
            state = \(quoted(configuration.state))
            version = 2

            [debug]
              address = \(quoted(configuration.debug.address ?? ""))
              format = \(quoted(format))
              gid = \(configuration.debug.group ?? 0)
              level = \(quoted(level))
              uid = \(configuration.debug.user ?? 0)

            [grpc]
              address = \(quoted(configuration.address))
              gid = \(configuration.group ?? 0)
              max_recv_message_size = \(configuration.maximumMessageSize)
              uid = \(configuration.user ?? 0)

            [metrics]
              address = \(quoted(configuration.metricsAddress ?? ""))
              grpc_histogram = \(configuration.hasCallDurations)

            [plugins."io.containerd.gc.v1.scheduler"]
              deletion_threshold = \(collection.deletionThreshold)
              pause_threshold = \(collection.pauseThreshold)
              schedule_delay = "\(collection.scheduleDelay)ms"
              startup_delay = "\(collection.startupDelay)ms"

            [plugins."io.containerd.internal.v1.opt"]
              path = \(quoted(configuration.installs))

            [stream_processors]
            \(processors.joined(separator: "\n"))
            [timeouts]
            \(timeouts.joined(separator: "\n"))
            """
    }
}
