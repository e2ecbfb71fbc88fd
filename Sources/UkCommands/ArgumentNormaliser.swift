/// Rewrites a docker command line into the form that the argument parser reads.
///
/// Docker's flags take a value after `=` (`--rm=false`), cluster with an option's at the end (`-itw /src`), and end at
/// the image of `run`; and `-H` stands before the command.
public struct ArgumentNormaliser: Sendable {
    /// The arguments as the parser wants them.
    public private(set) var arguments: [String]
    /// The engine's address that `-H` named.
    public private(set) var host: String?
    /// The word in the command's place when it is no command.
    public private(set) var unknownCommand: String?

    /// Long options of any command that take no value.
    private static let flags: Set<String> = [
        "all", "attach-all", "detach", "details", "digests", "follow", "force", "human", "init", "interactive",
        "latest", "no-healthcheck", "no-prune", "no-stdin", "no-stream", "no-trunc", "oom-kill-disable", "privileged",
        "publish-all", "quiet", "read-only", "rm", "sig-proxy", "size", "timestamps", "tty", "volumes", "help",
        "version", "debug", "archive", "follow-link", "all-tags", "password-stdin", "disable-content-trust",
    ]

    /// Short options that take no value, by command.
    private static let shortFlags: [String: Set<Character>] = [
        "run": ["i", "t", "d", "P", "q"], "create": ["i", "t", "P", "q"], "exec": ["i", "t", "d"],
        "ps": ["a", "l", "q", "s"], "logs": ["f", "t"], "rm": ["f", "v", "l"], "start": ["a", "i"],
        "images": ["a", "q"], "rmi": ["f"], "load": ["q"], "pull": ["a", "q"], "push": ["a", "q"], "stats": ["a"],
        "history": ["q", "H"],
        "inspect": ["s"], "cp": ["a", "L", "q"], "volume": ["a", "f", "q"], "network": ["f", "q"],
        "container-prune": ["f"], "image-prune": ["a", "f"], "system-prune": ["a", "f"], "chain": [],
    ]

    /// Commands whose words after the first are not theirs.
    private static let passthrough: Set<String> = ["run", "create", "exec", "top"]

    /// `container ls` and its like are `ps` and its like, one level deeper.
    private static let groups: [String: [String: String]] = [
        "container": ["ls": "ps", "list": "ps", "prune": "container-prune"],
        "image": ["ls": "images", "list": "images", "rm": "rmi", "remove": "rmi", "prune": "image-prune"],
        "system": ["prune": "system-prune"],
    ]

    /// - Parameters:
    ///   - arguments: the command line without the program's name.
    ///   - commands: the names of all commands.
    public init(_ arguments: [String], commands: Set<String>) {
        var rest = arguments[...]
        self.arguments = []
        while let word = rest.first, word.hasPrefix("-") {
            rest = rest.dropFirst()
            if word == "-H" || word == "--host" {
                host = rest.popFirst()
            } else if word.hasPrefix("-H"), word.count > 2 {
                host = String(word.dropFirst(word.hasPrefix("-H=") ? 3 : 2))
            } else if word.hasPrefix("--host=") {
                host = String(word.dropFirst(7))
            } else if word != "-D", word != "--debug" {
                self.arguments.append(word == "-v" ? "--version" : word)
            }
        }
        guard var command = rest.popFirst() else { return }
        if let group = Self.groups[command], let word = rest.first, !word.hasPrefix("-") {
            // The group's own words are the commands of the same name, except `image inspect`, which knows its type.
            rest = rest.dropFirst()
            let isImage = command == "image" && word == "inspect"
            command = group[word] ?? word
            self.arguments.append(command)
            if isImage { self.arguments += ["--type", "image"] }
        } else {
            self.arguments.append(command)
        }
        if !commands.contains(command), self.arguments.count == 1 { unknownCommand = command }
        self.arguments += Self.options(rest, of: command)
    }

    private static func options(_ words: ArraySlice<String>, of command: String) -> [String] {
        var short = shortFlags[command] ?? []
        // To these two -h is a host's name, to all others a call for help.
        if command != "run", command != "create" { short.insert("h") }
        var rest = words
        var result: [String] = []
        while let word = rest.popFirst() {
            if word == "--" { return result + [word] + rest }
            guard word.hasPrefix("-"), word != "-" else {
                if passthrough.contains(command) { return result + [word] + rest }
                result.append(word)
                continue
            }
            if word.hasPrefix("--") {
                result += long(word, &rest)
            } else {
                result += cluster(word, short, &rest)
            }
        }
        return result
    }

    private static func long(_ word: String, _ rest: inout ArraySlice<String>) -> [String] {
        let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts[0])
        guard flags.contains(name) else {
            // The value is taken along, lest it be mistaken for the first word.
            if parts.count == 1, let value = rest.first, !name.hasPrefix("generate-"), !name.hasPrefix("no-") {
                rest = rest.dropFirst()
                return ["\(word)=\(value)"]
            }
            return [word]
        }
        guard parts.count == 2 else { return [word] }
        switch parts[1].lowercased() {
        case "true", "1", "t": return ["--\(name)"]
        case "false", "0", "f": return name == "sig-proxy" || name == "human" ? ["--no-\(name)"] : []
        default: return [word]
        }
    }

    private static func cluster(
        _ word: String, _ flags: Set<Character>, _ rest: inout ArraySlice<String>
    ) -> [String] {
        var result: [String] = []
        var letters = word.dropFirst()
        while let letter = letters.popFirst() {
            if flags.contains(letter) {
                guard letters.first == "=" else {
                    result.append("-\(letter)")
                    continue
                }
                // `-t=false`
                return ["=false", "=0", "=f"].contains(letters.lowercased()) ? result : result + ["-\(letter)"]
            }
            let value = letters.isEmpty ? rest.popFirst() : String(letters.first == "=" ? letters.dropFirst() : letters)
            // Joined, a value may begin with a dash.
            return result + [value.map { "-\(letter)=\($0)" } ?? "-\(letter)"]
        }
        return result
    }
}
