import Manager

/// Requests over HTTP for the manager's figures.
enum DocumentRequestTarget: FuzzTarget {
    static let name = "document-request"

    static func run(_ bytes: UnsafeRawBufferPointer) {
        let all = [UInt8](bytes)
        guard let head = DocumentRequest.head(of: all) else { return }
        // What comes later changes nothing, and what has come is enough.
        precondition(DocumentRequest.head(of: all + [10, 10]) == head)
        precondition(DocumentRequest.head(of: head) == nil, "a shorter head")
        guard let request = DocumentRequest(head: head) else { return }
        precondition(request.path.hasPrefix("/") && !request.path.contains("?") && !request.method.contains(" "))
    }
}
