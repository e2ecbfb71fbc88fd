import EngineClient

/// Reads the text of a template into nodes.
struct TemplateParser {
    private enum Piece {
        case text(String)
        case action([Token])
    }

    private enum Token: Equatable {
        case word(String)
        case field([String])
        case variable(String, [String])
        case constant(JSONValue)
        case open
        case close([String])
        case pipe
        case assign
        case comma
    }

    private var pieces: [Piece] = []
    private var position = 0

    /// The nodes of `text`.
    ///
    /// - Throws: `TemplateError` for what is no template.
    static func parse(_ text: String) throws -> [TemplateNode] {
        var parser = TemplateParser()
        try parser.cut(text)
        let (nodes, end) = try parser.block()
        guard end == nil else { throw TemplateError("unexpected {{\(end!)}}") }
        return nodes
    }

    // MARK: pieces

    private mutating func cut(_ text: String) throws {
        var rest = Substring(text)
        var trimNext = false
        while let start = rest.firstRange(of: "{{") {
            var before = rest[..<start.lowerBound]
            rest = rest[start.upperBound...]
            if trimNext { before = before.drop { $0.isWhitespace } }
            if rest.hasPrefix("-"), rest.dropFirst().first?.isWhitespace == true {
                rest = rest.dropFirst()
                while before.last?.isWhitespace == true { before.removeLast() }
            }
            if !before.isEmpty { pieces.append(.text(String(before))) }
            guard let end = Self.endOfAction(rest) else { throw TemplateError("unclosed action") }
            var action = rest[..<end]
            rest = rest[end...].dropFirst(2)
            trimNext = action.hasSuffix(" -")
            if trimNext { action = action.dropLast(2) }
            if !action.drop(while: \.isWhitespace).hasPrefix("/*") { pieces.append(.action(try Self.tokens(action))) }
        }
        if trimNext { rest = rest.drop { $0.isWhitespace } }
        if !rest.isEmpty { pieces.append(.text(String(rest))) }
    }

    /// Where the `}}` stands that is not within a string.
    private static func endOfAction(_ text: Substring) -> Substring.Index? {
        var quote: Character?
        var index = text.startIndex
        while index < text.endIndex {
            let character = text[index]
            if let open = quote {
                if character == "\\", open == "\"" { index = text.index(after: index) }
                if character == open { quote = nil }
            } else if character == "\"" || character == "`" {
                quote = character
            } else if text[index...].hasPrefix("}}") {
                return index
            }
            guard index < text.endIndex else { return nil }
            index = text.index(after: index)
        }
        return nil
    }

    private static func tokens(_ action: Substring) throws -> [Token] {
        var tokens: [Token] = []
        var rest = action
        func name(_ text: inout Substring) -> String {
            let name = text.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
            text = text.dropFirst(name.count)
            return String(name)
        }
        func path(_ text: inout Substring) -> [String] {
            var parts: [String] = []
            while text.first == ".", let next = text.dropFirst().first, next.isLetter || next == "_" {
                text = text.dropFirst()
                parts.append(name(&text))
            }
            return parts
        }
        while let character = rest.first {
            switch character {
            case _ where character.isWhitespace: rest = rest.dropFirst()
            case "|": tokens.append(.pipe); rest = rest.dropFirst()
            case ",": tokens.append(.comma); rest = rest.dropFirst()
            case "(": tokens.append(.open); rest = rest.dropFirst()
            case ")":
                rest = rest.dropFirst()
                tokens.append(.close(path(&rest)))
            case ":" where rest.hasPrefix(":="): tokens.append(.assign); rest = rest.dropFirst(2)
            case "=": tokens.append(.assign); rest = rest.dropFirst()
            case ".":
                let fields = path(&rest)
                if fields.isEmpty { rest = rest.dropFirst() }
                tokens.append(.field(fields))
            case "$":
                rest = rest.dropFirst()
                let variable = name(&rest)
                tokens.append(.variable(variable, path(&rest)))
            case "\"", "`": tokens.append(.constant(.string(try string(&rest, quote: character))))
            case _ where character.isNumber || character == "-":
                let digits = rest.prefix { $0.isNumber || $0 == "-" || $0 == "." }
                guard Double(digits) != nil else { throw TemplateError("bad number \(digits)") }
                tokens.append(.constant(.number(String(digits))))
                rest = rest.dropFirst(digits.count)
            case _ where character.isLetter || character == "_": tokens.append(.word(name(&rest)))
            default: throw TemplateError("unexpected \"\(character)\" in action")
            }
        }
        return tokens
    }

    private static func string(_ rest: inout Substring, quote: Character) throws -> String {
        rest = rest.dropFirst()
        var text = ""
        while let character = rest.first {
            rest = rest.dropFirst()
            if character == quote { return text }
            if character == "\\", quote == "\"", let next = rest.first {
                rest = rest.dropFirst()
                text.append(["n": "\n", "t": "\t", "r": "\r"][next] ?? next)
            } else {
                text.append(character)
            }
        }
        throw TemplateError("unterminated string")
    }

    // MARK: nodes

    /// Nodes up to the action that ends the block (`end`, `else`, `else if`), which is returned by name.
    private mutating func block() throws -> ([TemplateNode], String?) {
        var nodes: [TemplateNode] = []
        while position < pieces.count {
            let piece = pieces[position]
            guard case .action(let tokens) = piece else {
                if case .text(let text) = piece { nodes.append(.text(text)) }
                position += 1
                continue
            }
            if case .word(let word)? = tokens.first {
                if word == "end" {
                    position += 1
                    return (nodes, "end")
                }
                if word == "else" { return (nodes, "else") }
                if ["if", "with", "range"].contains(word) {
                    position += 1
                    nodes.append(try control(word, Array(tokens.dropFirst())))
                    continue
                }
            }
            position += 1
            if case .variable(let name, let path)? = tokens.first, path.isEmpty, tokens.dropFirst().first == .assign {
                nodes.append(.assignment(name, try Self.pipeline(Array(tokens.dropFirst(2)))))
            } else {
                nodes.append(.value(try Self.pipeline(tokens)))
            }
        }
        return (nodes, nil)
    }

    private mutating func control(_ word: String, _ tokens: [Token]) throws -> TemplateNode {
        var tokens = tokens
        var variables: [String] = []
        if word == "range", let assign = tokens.firstIndex(of: .assign) {
            for case .variable(let name, _) in tokens[..<assign] { variables.append(name) }
            tokens = Array(tokens[(assign + 1)...])
        }
        let pipeline = try Self.pipeline(tokens)
        let (then, end) = try block()
        var otherwise: [TemplateNode] = []
        switch end {
        case "end": break
        case "else":
            guard case .action(let tokens) = pieces[position] else { break }
            position += 1
            if case .word(let next)? = tokens.dropFirst().first, ["if", "with"].contains(next) {
                otherwise = [try control(next, Array(tokens.dropFirst(2)))]
            } else {
                let (nodes, end) = try block()
                guard end == "end" else { throw TemplateError("{{\(word)}} without {{end}}") }
                otherwise = nodes
            }
        default: throw TemplateError("{{\(word)}} without {{end}}")
        }
        switch word {
        case "if": return .condition(pipeline, then: then, otherwise: otherwise)
        case "with": return .with(pipeline, then: then, otherwise: otherwise)
        default: return .range(pipeline, variables: variables, body: then, otherwise: otherwise)
        }
    }

    private static func pipeline(_ tokens: [Token]) throws -> TemplatePipeline {
        var rest = tokens[...]
        let pipeline = try pipeline(&rest)
        guard rest.isEmpty else { throw TemplateError("unexpected \")\"") }
        return pipeline
    }

    private static func pipeline(_ rest: inout ArraySlice<Token>) throws -> TemplatePipeline {
        var commands: [[TemplateOperand]] = [[]]
        loop: while let token = rest.first {
            var operand: TemplateOperand?
            switch token {
            case .close: break loop
            case .pipe: commands.append([])
            case .open:
                rest = rest.dropFirst()
                let inner = try pipeline(&rest)
                guard case .close(let path)? = rest.first else { throw TemplateError("unclosed \"(\"") }
                operand = .group(inner, path)
            case .field(let path): operand = .field(path)
            case .variable(let name, let path): operand = .variable(name, path)
            case .constant(let value): operand = .constant(value)
            case .word("true"): operand = .constant(true)
            case .word("false"): operand = .constant(false)
            case .word("nil"): operand = .constant(.null)
            case .word(let name): operand = .function(name)
            case .assign, .comma: throw TemplateError("unexpected assignment")
            }
            if let operand { commands[commands.count - 1].append(operand) }
            rest = rest.dropFirst()
        }
        guard commands.allSatisfy({ !$0.isEmpty }) else { throw TemplateError("missing value for command") }
        return TemplatePipeline(commands: commands)
    }
}
