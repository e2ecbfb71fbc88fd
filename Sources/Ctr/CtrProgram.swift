import ArgumentParser
import Archive
import ContainerdClient
import Glibc
import OCISpec
import RPC

/// `ukctr`: the words and flags of containerd's `ctr`, against ukmanager or containerd itself.
public enum CtrProgram {
    /// Runs the command that the process' arguments name, and ends the process.
    public static func run() async -> Never {
        signal(SIGPIPE, SIG_IGN)
        let arguments = GlobalOptions.takeLeading(Array(CommandLine.arguments.dropFirst()))
        do {
            var command = try RootCommand.parseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            exit(0)
        } catch let code as ExitCode {
            exit(code.rawValue)
        } catch {
            fail(error)
        }
    }

    private static func fail(_ error: any Error) -> Never {
        let text: String
        switch error {
        case let error as RPCError: text = error.message
        case is JSONError, is ArchiveError: text = "\(error)"
        case _ where RootCommand.exitCode(for: error).isSuccess:
            // --help and its like.
            RootCommand.exit(withError: error)
        case _ where RootCommand.exitCode(for: error) != .failure || "\(type(of: error))".contains("CommandError"):
            // A command line that is not understood: the end is ctr's, 1.
            let message = RootCommand.fullMessage(for: error)
            text = message.hasPrefix("Error: ") ? String(message.dropFirst(7)) : message
        default: text = "\(error)"
        }
        complain(text)
        exit(1)
    }
}

/// The program's words.
struct RootCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ukctr", abstract: "Talks to ukmanager, or to containerd, with the words of ctr.",
        subcommands: [
            RunCommand.self, ImagesCommand.self, ContainersCommand.self, TasksCommand.self, ContentCommand.self,
            SnapshotsCommand.self, NamespacesCommand.self, LeasesCommand.self, EventsCommand.self,
            PluginsCommand.self, VersionCommand.self, InstallCommand.self, ShimCommand.self, SpecificationCommand.self,
        ])
}
