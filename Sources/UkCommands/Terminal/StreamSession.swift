import EngineClient
import Glibc

/// Joins the user's terminal or pipes to the streams of a container or an exec'd process.
struct StreamSession: Sendable {
    /// How a session ended.
    enum Ending: Sendable {
        /// The container's streams are at their end.
        case finished
        /// The user typed the detach keys.
        case detached
    }

    /// Whether the container has a terminal.
    var terminal: Bool
    /// Whether standard input goes to the container.
    var input: Bool
    /// Whether the container's output is shown (1) and its errors (2).
    var output = true
    var errors = true
    var detachKeys: DetachKeys

    /// Copies both ways until the container's streams end or the user detaches. Raw mode lasts as long as the session.
    func run(_ connection: HijackedConnection, _ streams: HijackedOutput) async throws -> Ending {
        if terminal, input { RawTerminal.enter(0) }
        defer { RawTerminal.restore() }
        return try await withThrowingTaskGroup(of: Ending?.self) { group in
            group.addTask {
                try await copyOutput(streams)
                return .finished
            }
            if input {
                group.addTask { try await copyInput(to: connection) }
            } else {
                // Without standard input the container's input stays open: its writing side belongs to whoever attaches.
            }
            while let ending = try await group.next() {
                if let ending {
                    group.cancelAll()
                    return ending
                }
            }
            return .finished
        }
    }

    private func copyOutput(_ streams: HijackedOutput) async throws {
        var streams = streams
        let writer = OutputWriter()
        while let pieces = try await streams.next() {
            for piece in pieces {
                switch piece.channel {
                case .output where output: await writer.write(piece.bytes, to: 1)
                case .error where errors: await writer.write(piece.bytes, to: 2)
                case .system:
                    throw CommandFailure("error from daemon in stream: \(String(decoding: piece.bytes, as: UTF8.self))")
                default: break
                }
            }
        }
    }

    /// Nil when the user's input ended, the container's output goes on.
    private func copyInput(to connection: HijackedConnection) async throws -> Ending? {
        var filter = DetachFilter(keys: detachKeys)
        for try await bytes in InputReader(descriptor: 0) {
            do {
                if terminal {
                    let (passed, detached) = filter.filter(bytes)
                    if !passed.isEmpty { try await connection.write(passed) }
                    if detached { return .detached }
                } else {
                    try await connection.write(bytes)
                }
            } catch {
                // The container closed its input, or is gone: its output tells the rest.
                return nil
            }
        }
        connection.closeInput()
        return nil
    }
}
