import ArgumentParser

/// `uk completion`
struct CompletionScript: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion", abstract: "Generate the autocompletion script for the specified shell.",
        discussion: "In bash: source <(uk completion bash)")
    @Argument(help: "bash, zsh or fish.", completion: .list(CompletionShell.allCases.map(\.rawValue)))
    var shell: String

    func run() throws {
        guard let known = CompletionShell(rawValue: shell) else {
            throw CommandFailure("unknown shell \(shell): say bash, zsh or fish")
        }
        Console.print(UkCommand.completionScript(for: known))
    }
}
