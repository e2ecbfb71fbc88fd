/// What a client of a `DocumentServer` asks for: the first line of an HTTP/1 request; its fields change nothing.
package struct DocumentRequest: Equatable {
    /// Such as `GET`.
    package let method: String
    /// Without the query.
    package let path: String

    /// - Parameter head: of the request, as `head(of:)` gives it.
    /// - Returns: nil for what is no request.
    package init?(head: [UInt8]) {
        let line = String(decoding: head.prefix { $0 != 13 && $0 != 10 }, as: UTF8.self)
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, !words[0].isEmpty, words[1].hasPrefix("/"), words[2].hasPrefix("HTTP/1.") else {
            return nil
        }
        method = String(words[0])
        path = String(words[1].prefix { $0 != "?" })
    }

    /// What stands before the first empty line; nil when there is none yet.
    package static func head(of bytes: [UInt8]) -> [UInt8]? {
        for index in bytes.indices.dropFirst() where bytes[index] == 10 {
            let isEmptyLine =
                bytes[index - 1] == 10 || index >= 2 && bytes[index - 1] == 13 && bytes[index - 2] == 10
            if isEmptyLine { return Array(bytes[..<index]) }
        }
        return nil
    }
}
