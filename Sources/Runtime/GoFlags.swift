/// The freedoms that Go's flag package gives and clients of runc use, brought into the one form that the command line's
/// parser reads: `-bundle X`, `--bundle X` and `-b=X` become `--bundle=X`, `--force=true` becomes `--force`.
public struct GoFlags: Sendable {
    /// Long names of options that take a value.
    public var values: Set<String>
    /// Long names of options that take none.
    public var switches: Set<String>
    /// Other names, such as letters, and the long names that they stand for.
    public var aliases: [String: String]
    /// Names that stand for something else after a command.
    public var aliasesByCommand: [String: [String: String]]
    /// Commands whose second positional argument ends the options, as `exec ID COMMAND -x` has it.
    public var passing: Set<String>

    /// The form of a command line's options.
    public init(
        values: Set<String>, switches: Set<String>, aliases: [String: String],
        aliasesByCommand: [String: [String: String]] = [:], passing: Set<String> = []
    ) {
        self.values = values
        self.switches = switches
        self.aliases = aliases
        self.aliasesByCommand = aliasesByCommand
        self.passing = passing
    }

    /// `arguments` (without the program's name) in the parser's form. What is not known stays as it is.
    public func normalized(_ arguments: some Sequence<String>) -> [String] {
        var result: [String] = []
        var command: String?
        var rest = Array(arguments)[...]
        while let argument = rest.popFirst() {
            guard argument.hasPrefix("-"), argument != "-" else {
                if let command, passing.contains(command) {
                    return result + ["--", argument] + rest
                }
                command = command ?? argument
                result.append(argument)
                continue
            }
            if argument == "--" { return result + [argument] + rest }
            let body = argument.dropFirst(argument.hasPrefix("--") ? 2 : 1)
            let parts = body.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let written = String(parts[0])
            let name = command.flatMap { aliasesByCommand[$0]?[written] } ?? aliases[written] ?? written
            let value = parts.count > 1 ? String(parts[1]) : nil
            if values.contains(name) {
                guard let value = value ?? rest.popFirst() else { return result + [argument] }
                result.append("--\(name)=\(value)")
            } else if switches.contains(name) {
                switch value {
                case nil, "true", "1", "t", "T", "TRUE", "True": result.append("--\(name)")
                case "false", "0", "f", "F", "FALSE", "False": break
                default: result.append(argument)
                }
            } else {
                result.append(argument)
            }
        }
        return result
    }
}
