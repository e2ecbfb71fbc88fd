// Unsafe pointers: sending from and receiving into buffers.
import Archive
import CHost
import Glibc
import Host
import Reactor
import Synchronization
import SystemPackage

/// One connection of a `DocumentServer`: its request is read on the reactor's thread and answered by a task.
final class DocumentConnection: Sendable {
    /// Bytes that a request may have; who sends more, or takes longer than `patience`, is hung up on.
    private static let mostBytes = 16 << 10
    private static let patience: UInt64 = 10_000_000_000

    private let socket: FileDescriptor
    private let documents: [String: DocumentServer.Source]
    private let closed: @Sendable (DocumentConnection) -> Void
    private let deadline = MonotonicTime.now() + patience
    private let state = Mutex(State())

    private struct State {
        var received: [UInt8] = []
        var isOver = false
    }

    init(
        _ socket: FileDescriptor, _ documents: [String: DocumentServer.Source],
        closed: @escaping @Sendable (DocumentConnection) -> Void
    ) {
        (self.socket, self.documents, self.closed) = (socket, documents, closed)
        _ = ukh_set_nonblocking(socket.rawValue, 1)
    }

    deinit { try? socket.close() }

    /// Hangs up.
    func close() {
        Reactor.shared.remove(self)
        shutdown(socket.rawValue, CInt(SHUT_RDWR))
        closed(self)
    }

    /// Reads on.
    ///
    /// - Returns: the head of the request when all of it is there.
    private func receive(into room: UnsafeMutableRawBufferPointer) throws(Errno) -> [UInt8]? {
        while true {
            let count = recv(socket.rawValue, room.baseAddress, room.count, 0)
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN { return nil }
            guard count > 0 else { throw .connectionReset }
            let bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(room)[..<count])
            let head: [UInt8]? = state.withLock { state in
                state.received += bytes
                return DocumentRequest.head(of: state.received)
            }
            if let head { return head }
            guard state.withLock({ $0.received.count }) < Self.mostBytes else { throw .noBufferSpace }
        }
    }

    private func answer(_ head: [UInt8]) async {
        let response = await Self.response(to: head, documents)
        try? await BlockingWork.run { [self] in
            _ = ukh_set_nonblocking(socket.rawValue, 0)
            _ = ukh_set_socket_timeout(socket.rawValue, CInt(Self.patience / 1_000_000))
            try socket.writeAll(response.utf8)
            shutdown(socket.rawValue, CInt(SHUT_WR))
            // What the client still sends would else reset the connection before it has read the answer.
            var rest = [UInt8](repeating: 0, count: 4096)
            for _ in 0..<16 where recv(socket.rawValue, &rest, rest.count, 0) <= 0 { break }
        }
        closed(self)
    }

    private static func response(to head: [UInt8], _ documents: [String: DocumentServer.Source]) async -> String {
        guard let request = DocumentRequest(head: head) else {
            return message("400 Bad Request", Document(type: "text/plain", text: "no HTTP request\n"))
        }
        guard let source = documents[request.path] else {
            let known = documents.keys.sorted().joined(separator: ", ")
            return message(
                "404 Not Found", Document(type: "text/plain; charset=utf-8", text: "there is: \(known)\n"))
        }
        guard request.method == "GET" || request.method == "HEAD" else {
            return message(
                "405 Method Not Allowed", Document(type: "text/plain", text: "GET alone\n"), "Allow: GET, HEAD\r\n")
        }
        return message("200 OK", await source(), withBody: request.method == "GET")
    }

    private static func message(
        _ status: String, _ document: Document, _ fields: String = "", withBody: Bool = true
    ) -> String {
        "HTTP/1.1 \(status)\r\nContent-Type: \(document.type)\r\nContent-Length: \(document.text.utf8.count)\r\n"
            + "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\(fields)\r\n" + (withBody ? document.text : "")
    }
}

extension DocumentConnection: ReactorClient {
    var descriptor: CInt { socket.rawValue }

    var nextDeadline: UInt64? { deadline }

    func handleReadiness(into room: UnsafeMutableRawBufferPointer) {
        guard !state.withLock({ $0.isOver }) else { return }
        do {
            guard let head = try receive(into: room) else { return }
            state.withLock { $0.isOver = true }
            Reactor.shared.remove(self)
            Task { await self.answer(head) }
        } catch {
            close()
        }
    }

    func handleDeadline(_ now: UInt64) {
        if deadline <= now { close() }
    }
}
