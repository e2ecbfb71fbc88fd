import RPC

/// Labels and their rules (containerd's package `labels`).
public enum Labels {
    /// Bytes that a key and its value may have together.
    public static let maximumSize = 4096

    /// Refuses labels that are too long.
    ///
    /// - Throws: `RPCError` (invalid argument).
    public static func validate(_ labels: [String: String]) throws {
        for (key, value) in labels where key.utf8.count + value.utf8.count > maximumSize {
            throw RPCError.invalidArgument(
                "label key and value length (\(key.utf8.count + value.utf8.count) bytes) greater than maximum size "
                    + "(\(maximumSize) bytes), key: \(key.prefix(64))")
        }
    }

    /// `labels` without entries that have no value, which is how a client removes one.
    static func withoutEmpty(_ labels: [String: String]) -> [String: String] { labels.filter { !$0.value.isEmpty } }
}
