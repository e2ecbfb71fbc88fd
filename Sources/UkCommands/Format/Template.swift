import EngineClient

/// A template in the language of Go's text/template, as far as the docker command line's users need it: fields, pipelines,
/// variables, `if`, `with`, `range`, and the functions of docker's `--format`.
public struct Template: Sendable {
    private let nodes: [TemplateNode]

    /// Reads a template.
    ///
    /// - Throws: an error that says what is wrong with `text`.
    public init(_ text: String) throws { nodes = try TemplateParser.parse(text) }

    /// The template's text with the fields of `value` filled in.
    ///
    /// - Throws: an error that names the field that `value` lacks or the function that is not known.
    public func text(for value: JSONValue) throws -> String {
        var run = Run(root: value)
        try run.render(nodes, dot: value)
        return run.output
    }

    private struct Run {
        var output = ""
        var variables: [String: JSONValue]

        init(root: JSONValue) { variables = ["": root] }

        mutating func render(_ nodes: [TemplateNode], dot: JSONValue) throws {
            for node in nodes {
                switch node {
                case .text(let text): output += text
                case .value(let pipeline): output += TemplateFunctions.text(try value(pipeline, dot: dot))
                case .assignment(let name, let pipeline): variables[name] = try value(pipeline, dot: dot)
                case .condition(let pipeline, let then, let otherwise):
                    let holds = TemplateFunctions.isTrue(try value(pipeline, dot: dot))
                    try render(holds ? then : otherwise, dot: dot)
                case .with(let pipeline, let then, let otherwise):
                    let inner = try value(pipeline, dot: dot)
                    let holds = TemplateFunctions.isTrue(inner)
                    try render(holds ? then : otherwise, dot: holds ? inner : dot)
                case .range(let pipeline, let names, let body, let otherwise):
                    try range(over: try value(pipeline, dot: dot), names, body, otherwise, dot: dot)
                }
            }
        }

        mutating func range(
            over value: JSONValue, _ names: [String], _ body: [TemplateNode], _ otherwise: [TemplateNode],
            dot: JSONValue
        ) throws {
            let items: [(key: JSONValue, value: JSONValue)]
            switch value {
            case .array(let values): items = values.enumerated().map { (.number($0.offset), $0.element) }
            case .object(let members):
                items = members.sorted { $0.name < $1.name }.map { (.string($0.name), $0.value) }
            case .null: items = []
            default: throw TemplateError("range can't iterate over \(TemplateFunctions.text(value))")
            }
            if items.isEmpty { return try render(otherwise, dot: dot) }
            for item in items {
                if let last = names.last { variables[last] = item.value }
                if names.count > 1 { variables[names[0]] = item.key }
                try render(body, dot: item.value)
            }
        }

        func value(_ pipeline: TemplatePipeline, dot: JSONValue) throws -> JSONValue {
            var result: JSONValue?
            for command in pipeline.commands {
                var arguments = try command.dropFirst().map { try operand($0, dot: dot) }
                if let result { arguments.append(result) }
                if case .function(let name) = command[0] {
                    result = try TemplateFunctions.call(name, arguments)
                } else {
                    guard arguments.isEmpty else { throw TemplateError("can't give argument to non-function") }
                    result = try operand(command[0], dot: dot)
                }
            }
            return result ?? .null
        }

        func operand(_ operand: TemplateOperand, dot: JSONValue) throws -> JSONValue {
            switch operand {
            case .constant(let value): return value
            case .field(let path): return try follow(path, from: dot)
            case .variable(let name, let path):
                guard let value = variables[name] else { throw TemplateError("undefined variable \"$\(name)\"") }
                return try follow(path, from: value)
            case .group(let pipeline, let path): return try follow(path, from: try value(pipeline, dot: dot))
            case .function(let name): return try TemplateFunctions.call(name, [])
            }
        }

        func follow(_ path: [String], from start: JSONValue) throws -> JSONValue {
            var value = start
            for name in path {
                if value.isNull { return .null }
                guard let next = value[name] else {
                    throw TemplateError(
                        "executing \"\" at <.\(path.joined(separator: "."))>: no entry for key \"\(name)\"")
                }
                value = next
            }
            return value
        }
    }
}
