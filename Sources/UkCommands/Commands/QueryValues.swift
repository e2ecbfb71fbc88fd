import EngineClient

/// `name=value` texts as an object; without `=` the value is empty.
func pairs(_ texts: [String]) -> JSONValue {
    var object = JSONValue.object([])
    for text in texts {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        object[parts[0]] = .string(parts.count > 1 ? parts[1] : "")
    }
    return object
}

/// A moment for a query of the Engine API.
func moment(_ text: String?, _ option: String) throws -> String? {
    guard let text else { return nil }
    guard let query = Timestamp.query(text) else {
        throw CommandFailure("invalid value for \"\(option)\": \"\(text)\" is neither a time nor a duration")
    }
    return query
}
