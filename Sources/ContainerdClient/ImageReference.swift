import RPC

/// An image's name by the grammar of the distribution project's `reference` package: `busybox` means
/// `docker.io/library/busybox:latest`.
public struct ImageReference: Sendable, Hashable, CustomStringConvertible {
    /// The registry, such as `docker.io` or `localhost:5000`.
    public var domain: String
    /// The repository, such as `library/busybox`.
    public var path: String
    /// nil only when a digest is given instead.
    public var tag: String?
    /// `sha256:...`
    public var digest: String?

    /// Reads a name as people write it; without tag and digest it gets the tag `latest`.
    ///
    /// - Throws: `RPCError` (`invalidArgument`) with the texts that docker's clients know.
    public init(_ text: String) throws {
        var rest = text[...]
        if let at = rest.firstIndex(of: "@") {
            digest = String(rest[rest.index(after: at)...])
            guard Self.isDigest(digest!) else { throw Self.invalid(text) }
            rest = rest[..<at]
        }
        let nameStart = rest.lastIndex(of: "/") ?? rest.startIndex
        if let colon = rest[nameStart...].lastIndex(of: ":") {
            tag = String(rest[rest.index(after: colon)...])
            guard Self.isTag(tag!) else { throw Self.invalid(text) }
            rest = rest[..<colon]
        }
        let first = rest.prefix { $0 != "/" }
        let isDomain =
            first.count < rest.count && (first == "localhost" || first.contains { ".:".contains($0) || $0.isUppercase })
        if isDomain {
            domain = first == "index.docker.io" ? "docker.io" : String(first)
            rest = rest.dropFirst(first.count + 1)
            guard Self.isDomain(domain) else { throw Self.invalid(text) }
        } else {
            domain = "docker.io"
        }
        if rest.contains(where: \.isUppercase) {
            throw RPCError(
                .invalidArgument, "invalid reference format: repository name (\(rest)) must be lowercase")
        }
        path = domain == "docker.io" && !rest.contains("/") ? "library/\(rest)" : String(rest)
        let components = rest.split(separator: "/", omittingEmptySubsequences: false)
        guard !rest.isEmpty, components.allSatisfy(Self.isComponent), path.utf8.count <= 255 else {
            throw Self.invalid(text)
        }
        if tag == nil, digest == nil { tag = "latest" }
    }

    /// In full, as a manager keeps it.
    public var description: String { "\(domain)/\(path)\(suffix)" }

    /// As people write it: without `docker.io` and `library`.
    public var familiar: String {
        guard domain == "docker.io" else { return description }
        return (path.hasPrefix("library/") ? String(path.dropFirst(8)) : path) + suffix
    }

    private var suffix: String { (tag.map { ":\($0)" } ?? "") + (digest.map { "@\($0)" } ?? "") }

    private static func invalid(_ text: String) -> RPCError {
        RPCError(.invalidArgument, "invalid reference format: \"\(text)\"")
    }

    private static func isLowerOrDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) || (97...122).contains(byte) }

    /// Letters and digits in groups, between which stand `.`, `_`, `__` or any number of `-`.
    private static func isComponent(_ part: Substring) -> Bool {
        let bytes = Array(part.utf8)
        guard let first = bytes.first, let last = bytes.last, isLowerOrDigit(first), isLowerOrDigit(last) else {
            return false
        }
        let separators = bytes.split(whereSeparator: isLowerOrDigit)
        return separators.allSatisfy { run in
            Array(run) == Array(".".utf8) || Array(run) == Array("_".utf8) || Array(run) == Array("__".utf8)
                || run.allSatisfy { $0 == UInt8(ascii: "-") }
        }
    }

    private static func isDomain(_ text: String) -> Bool {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 2, let host = parts.first, !host.isEmpty else { return false }
        if parts.count == 2, parts[1].isEmpty || !parts[1].allSatisfy(\.isNumber) { return false }
        return host.utf8.allSatisfy { isLowerOrDigit($0) || (65...90).contains($0) || $0 == 45 || $0 == 46 }
    }

    private static func isTag(_ text: String) -> Bool {
        func isWord(_ byte: UInt8) -> Bool { isLowerOrDigit(byte) || (65...90).contains(byte) || byte == 95 }
        guard let first = text.utf8.first, text.utf8.count <= 128 else { return false }
        return isWord(first) && text.utf8.allSatisfy { isWord($0) || $0 == 45 || $0 == 46 }
    }

    /// Whether the text is `sha256:` and 64 hexadecimal digits.
    public static func isDigest(_ text: String) -> Bool {
        guard text.hasPrefix("sha256:"), text.utf8.count == 71 else { return false }
        return text.utf8.dropFirst(7).allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }
}
