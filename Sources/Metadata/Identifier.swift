import RPC

/// The rules for names of namespaces, containers and leases (containerd's package `identifiers`).
public enum Identifier {
    /// The longest identifier, in bytes.
    public static let maximumLength = 76

    /// Refuses what is no identifier: letters and digits, with single `.`, `-` or `_` between them.
    ///
    /// - Throws: `RPCError` (invalid argument).
    public static func validate(_ text: String) throws {
        guard !text.isEmpty else { throw RPCError.invalidArgument("identifier must not be empty") }
        guard text.utf8.count <= maximumLength else {
            throw RPCError.invalidArgument(
                "identifier \"\(text)\" greater than maximum length (\(maximumLength) characters)")
        }
        guard isWellFormed(text) else {
            throw RPCError.invalidArgument(
                "identifier \"\(text)\" must match ^[A-Za-z0-9]+(?:[._-](?:[A-Za-z0-9]+))*$")
        }
    }

    private static func isWellFormed(_ text: String) -> Bool {
        var previousIsAlphanumeric = false
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                previousIsAlphanumeric = true
            case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
                guard previousIsAlphanumeric else { return false }
                previousIsAlphanumeric = false
            default: return false
            }
        }
        return previousIsAlphanumeric
    }
}
