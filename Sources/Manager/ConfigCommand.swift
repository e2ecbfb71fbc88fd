import ArgumentParser
import Host

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
            print(ConfigCommand.text(settings.configuration, level: "\(settings.level)"))
        }
    }

    private static func text(_ configuration: ManagerConfiguration, level: String) -> String {
        """
        version = 2
        root = "\(configuration.root)"
        state = "\(configuration.state)"

        [grpc]
          address = "\(configuration.address)"

        [debug]
          level = "\(level)"
        """
    }
}
