import ArgumentParser
import EngineClient
import Glibc

/// The program: from the command line to the exit code.
public enum UkMain {
    /// Runs the command line and returns the exit code: docker's, that is 125 for a wrong option, and the container's own
    /// where a container ran.
    public static func run(_ words: [String]) async -> Int32 {
        // A reader that is gone is an error of write(2), told at its place.
        signal(SIGPIPE, SIG_IGN)
        let names =
            UkCommand.configuration.subcommands + UkCommand.configuration.groupedSubcommands.flatMap(\.subcommands)
        let commands = Set(names.flatMap { [name(of: $0)] + $0.configuration.aliases } + ["help"])
        let line = ArgumentNormaliser(words, commands: commands)
        if let host = line.host { setenv("DOCKER_HOST", host, 1) }
        if let unknown = line.unknownCommand {
            Console.complain("uk: unknown command: uk \(unknown)\n\nRun 'uk --help' for more information")
            return 1
        }
        var command: any ParsableCommand
        do {
            command = try UkCommand.parseAsRoot(line.arguments)
        } catch {
            return explain(parsing: error, line.arguments)
        }
        do {
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            return 0
        } catch {
            RawTerminal.restore()
            return explain(running: error, command: type(of: command), line.arguments)
        }
    }

    private static func name(of command: any ParsableCommand.Type) -> String {
        command.configuration.commandName ?? "\(command)".lowercased()
    }

    private static func explain(running error: any Error, command: any ParsableCommand.Type, _ words: [String]) -> Int32
    {
        switch error {
        case let failure as CommandFailure:
            if !failure.description.isEmpty { Console.complain("uk: \(failure.description)") }
            return failure.exitCode
        case let error as EngineError:
            Console.complain("uk: \(error)")
            return 1
        case is ValidationError: return explain(parsing: error, words)
        case let code as ExitCode: return code.rawValue
        case _ where UkCommand.exitCode(for: error).isSuccess: return explain(parsing: error, words)
        default:
            Console.complain("uk: \(error)")
            return 1
        }
    }

    private static func explain(parsing error: any Error, _ words: [String]) -> Int32 {
        if UkCommand.exitCode(for: error).isSuccess {
            // Help, the version, a completion script.
            Console.print(UkCommand.fullMessage(for: error))
            return 0
        }
        let text = UkCommand.message(for: error)
        let command = words.prefix { !$0.hasPrefix("-") }.first.map { "uk \($0)" } ?? "uk"
        Console.complain("uk: \(text)\n\nRun '\(command) --help' for more information")
        // As docker has it: too few words or too many end with 1, a wrong flag with 125.
        let isCount = ["Missing expected argument '<", "requires at least", "Unexpected argument '"]
            .contains { text.hasPrefix($0) }
        return isCount || text.contains(" unexpected arguments: '") ? 1 : 125
    }
}
