import EngineClient

/// The parts of a template, after Go's text/template.
indirect enum TemplateNode: Sendable {
    case text(String)
    case value(TemplatePipeline)
    case condition(TemplatePipeline, then: [TemplateNode], otherwise: [TemplateNode])
    case with(TemplatePipeline, then: [TemplateNode], otherwise: [TemplateNode])
    case range(TemplatePipeline, variables: [String], body: [TemplateNode], otherwise: [TemplateNode])
    case assignment(String, TemplatePipeline)
}

/// Commands joined by `|`: the value of each is the last argument of the next.
struct TemplatePipeline: Sendable {
    var commands: [[TemplateOperand]]
}

/// What a command consists of.
indirect enum TemplateOperand: Sendable {
    /// `.A.B`; empty for the dot itself.
    case field([String])
    /// `$name.A.B`; the name is empty for `$`.
    case variable(String, [String])
    /// `(pipeline).A.B`
    case group(TemplatePipeline, [String])
    case constant(JSONValue)
    case function(String)
}

/// Why a template cannot be used.
struct TemplateError: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = "template parsing error: \(description)" }
}
