import Dispatch
import Glibc
import Host
import SystemPackage
import TestSupport

/// An engine that answers each connection with bytes that a test has chosen, and keeps what it was sent.
///
/// Answers are given out in the order of the connections; each is a list of pieces, written one by one after the
/// request's head has come.
final class FakeEngine: Sendable {
    let path: FilePath
    private let scratch = ScratchFolder()
    private let done: AsyncThrowingStream<[String], any Error>

    init(answers: [[String]]) throws {
        path = scratch.appending("e.sock")
        let listener = try UnixSocket.listen(path)
        let (done, finished) = AsyncThrowingStream<[String], any Error>.makeStream()
        self.done = done
        // A thread of its own: what blocks has no place among tasks.
        DispatchQueue(label: "fake engine").async {
            do {
                finished.yield(try Self.serve(listener, answers))
                finished.finish()
            } catch {
                finished.finish(throwing: error)
            }
        }
    }

    private static func serve(_ listener: FileDescriptor, _ answers: [[String]]) throws -> [String] {
        var requests: [String] = []
        for answer in answers {
            let connection = try UnixSocket.accept(listener)
            requests.append(read(connection, until: "\r\n\r\n"))
            for (index, piece) in answer.enumerated() {
                if piece == "<wait for input>" {
                    requests[requests.count - 1] += read(connection, until: nil)
                } else {
                    if index > 0 { usleep(2000) }
                    try connection.writeAll(Array(piece.utf8))
                }
            }
            try connection.close()
        }
        try listener.close()
        return requests
    }

    /// What the connections were sent, once all answers have been given.
    var requests: [String] {
        get async throws {
            for try await requests in done { return requests }
            return []
        }
    }

    /// Reads until `mark`, or without one until the client stops sending.
    private static func read(_ connection: FileDescriptor, until mark: String?) -> String {
        var text = ""
        var buffer = [UInt8](repeating: 0, count: 4096)
        while mark == nil || !text.contains(mark!) {
            let count = buffer.withUnsafeMutableBytes { (try? connection.read(into: $0)) ?? 0 }
            if count == 0 { break }
            text += String(decoding: buffer.prefix(count), as: UTF8.self)
        }
        return text
    }
}
