import Host
import TOMLKit

/// A table of a settings file (TOML), which remembers what was looked for in it.
public struct SettingsTable {
    private final class Seen { var keys: Set<String> = [] }

    /// The file, for errors.
    public let file: String
    /// The table's place in the file, such as `grpc`; empty for the file's root.
    public let name: String
    private let table: TOMLTable
    private let seen = Seen()

    /// The root of a file.
    ///
    /// - Throws: `SettingsError` with the place, for what is no TOML.
    public init(text: String, file: String) throws {
        table = try TOMLText.parse(text, file: file)
        (self.file, name) = (file, "")
    }

    private init(file: String, name: String, table: TOMLTable) {
        (self.file, self.name, self.table) = (file, name, table)
    }

    /// Names of everything in the table, sorted.
    public var keys: [String] { table.keys.sorted() }

    /// Keys that nobody has asked for.
    public var unseen: [String] { keys.filter { !seen.keys.contains($0) } }

    /// A string; nil when it is not there.
    public func string(_ key: String) throws -> String? { try value(key, "a string") { $0.string } }
    /// A whole number; nil when it is not there.
    public func integer(_ key: String) throws -> Int? { try value(key, "a number") { $0.int } }
    /// True or false; nil when it is not there.
    public func flag(_ key: String) throws -> Bool? { try value(key, "true or false") { $0.bool } }
    /// A number; nil when it is not there.
    public func number(_ key: String) throws -> Double? {
        try value(key, "a number") { $0.double ?? $0.int.map(Double.init) }
    }
    /// A table in this one; nil when it is not there.
    public func table(_ key: String) throws -> SettingsTable? {
        try value(key, "a table") { $0.table }.map { SettingsTable(file: file, name: place(key), table: $0) }
    }

    /// Milliseconds of a duration in Go's form.
    public func duration(_ key: String) throws -> Int64? {
        try value(key, "a duration such as \"100ms\"") { $0.string.flatMap { GoDuration.milliseconds($0) } }
    }

    /// A list of strings; nil when it is not there.
    public func strings(_ key: String) throws -> [String]? {
        try value(key, "a list of strings") { value in
            guard let array = value.array else { return nil }
            let strings = array.compactMap(\.string)
            return strings.count == array.count ? strings : nil
        }
    }

    /// Whether a key that has no effect here is set to something.
    public func isSet(_ key: String) -> Bool {
        seen.keys.insert(key)
        guard let value = table[key] else { return false }
        if let text = value.string { return !text.isEmpty && GoDuration.milliseconds(text) != 0 }
        if let number = value.int { return number != 0 }
        return value.bool ?? value.array.map { !$0.isEmpty } ?? value.table.map { !$0.keys.isEmpty } ?? true
    }

    private func value<T>(
        _ key: String, _ expected: String, _ convert: (any TOMLValueConvertible) -> T?
    ) throws -> T? {
        seen.keys.insert(key)
        guard let found = table[key] else { return nil }
        guard let value = convert(found) else { throw SettingsError("\(file): \(place(key)): expected \(expected)") }
        return value
    }

    /// A key by its place in the file, such as `grpc.address`.
    public func place(_ key: String) -> String {
        let key = key.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" } ? key : "\"\(key)\""
        return name.isEmpty ? key : "\(name).\(key)"
    }
}
