/// A version of the Engine API.
package struct APIVersion: Sendable, Comparable, CustomStringConvertible {
    package var major: Int
    package var minor: Int

    package static let newest = APIVersion(1, 50)
    package static let oldest = APIVersion(1, 24)

    package init(_ major: Int, _ minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// Reads `1.24`.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let major = Int(parts[0]), let minor = Int(parts[1]), major >= 0, minor >= 0 else {
            return nil
        }
        self.init(major, minor)
    }

    package static func < (left: APIVersion, right: APIVersion) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }

    package var description: String { "\(major).\(minor)" }
}

/// A request target taken apart: version, path, query. This is the one place where the version is negotiated: a path without
/// one means the newest, as in moby.
package struct Target: Sendable {
    package var version = APIVersion.newest
    /// Why the version is not spoken, in moby's words.
    package var problem: String?
    package var path: String
    package var query: Query

    package init(_ uri: String) {
        var rest = Substring(uri)
        // An absolute form, as proxies send it: http://host/path.
        if let scheme = rest.firstRange(of: "://"), !rest[..<scheme.lowerBound].contains("/") {
            let afterHost = rest[scheme.upperBound...].firstIndex(of: "/") ?? rest.endIndex
            rest = rest[afterHost...]
        }
        if let mark = rest.firstIndex(of: "?") {
            query = Query(rest[rest.index(after: mark)...])
            rest = rest[..<mark]
        } else {
            query = Query("")
        }
        if rest.hasPrefix("/v"), let end = rest.dropFirst().firstIndex(of: "/") {
            let text = rest[rest.index(rest.startIndex, offsetBy: 2)..<end]
            if let version = APIVersion(text) {
                self.version = version
                rest = rest[end...]
                if version > .newest {
                    problem =
                        "client version \(version) is too new. Maximum supported API version is \(APIVersion.newest)"
                } else if version < .oldest {
                    problem =
                        "client version \(version) is too old. Minimum supported API version is \(APIVersion.oldest), "
                        + "please upgrade your client to a newer version"
                }
            }
        }
        path = String(rest)
    }
}

/// The parameters after the question mark.
package struct Query: Sendable, Equatable {
    private var values: [String: [String]] = [:]

    package init(_ text: some StringProtocol) {
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = Query.decode(parts[0], plusIsSpace: true)
            values[name, default: []].append(parts.count == 2 ? Query.decode(parts[1], plusIsSpace: true) : "")
        }
    }

    /// The first value of a parameter; nil when it is missing or empty.
    package subscript(name: String) -> String? { values[name]?.first.flatMap { $0.isEmpty ? nil : $0 } }

    /// All values of a parameter.
    package func all(_ name: String) -> [String] { values[name] ?? [] }

    /// Whether the parameter was given, even empty.
    func contains(_ name: String) -> Bool { values[name] != nil }

    /// A truth value as moby reads it: everything is true but the empty string, `0`, `no`, `false`, `none`.
    package func flag(_ name: String, default absent: Bool = false) -> Bool {
        guard let value = values[name]?.first else { return absent }
        return !["", "0", "no", "false", "none"].contains(value.lowercased().filter { $0 != " " })
    }

    /// A whole number; nil when it is missing or none.
    func number(_ name: String) -> Int? { self[name].flatMap { Int($0) } }

    /// Takes percent-encoding away; bytes that are no valid escape stay.
    static func decode(_ text: some StringProtocol, plusIsSpace: Bool = false) -> String {
        guard text.utf8.contains(37) || plusIsSpace else { return String(text) }
        var bytes: [UInt8] = []
        let source = Array(text.utf8)
        var index = 0
        while index < source.count {
            if source[index] == 37, index + 2 < source.count, let high = hex(source[index + 1]),
                let low = hex(source[index + 2])
            {
                bytes.append(high << 4 | low)
                index += 3
            } else {
                bytes.append(plusIsSpace && source[index] == 43 ? 32 : source[index])
                index += 1
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func hex(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 48...57: byte - 48
        case 65...70: byte - 55
        case 97...102: byte - 87
        default: nil
        }
    }
}
