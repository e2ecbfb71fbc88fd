/// JSON text that is none, or that describes something else than was asked for.
public struct JSONError: Error, Sendable, CustomStringConvertible {
    /// Dotted path of the member, such as `process.args[0]`; empty for the whole text.
    public var path: String
    /// What is wrong there.
    public var problem: String

    init(_ error: DecodingError) {
        let context: DecodingError.Context
        switch error {
        case .keyNotFound(let key, let found):
            context = found
            problem = "member '\(key.stringValue)' is missing"
        case .typeMismatch(let type, let found):
            context = found
            problem = "not a value of type \(type)"
        case .valueNotFound(let type, let found):
            context = found
            problem = "null in place of a value of type \(type)"
        case .dataCorrupted(let found):
            context = found
            problem = found.debugDescription
        @unknown default:
            path = ""
            problem = "\(error)"
            return
        }
        path = context.codingPath.reduce(into: "") { path, key in
            if let index = key.intValue {
                path += "[\(index)]"
            } else {
                path += (path.isEmpty ? "" : ".") + key.stringValue
            }
        }
    }

    /// Place and problem in one line.
    public var description: String { path.isEmpty ? "invalid JSON: \(problem)" : "invalid JSON at \(path): \(problem)" }
}
