import RPC
import SwiftProtobuf

/// The messages that the peer streams. One task reads it at a time.
///
/// The sequence ends when the peer has closed its side. On a client it throws `RPCError` when the call failed; on a
/// server it throws `CancellationError` when the call was cancelled.
public struct MessageStream<Element: Message>: AsyncSequence, Sendable {
    let source: @Sendable () async throws -> [UInt8]?

    /// Reads one message after the other.
    public struct AsyncIterator: AsyncIteratorProtocol {
        let source: @Sendable () async throws -> [UInt8]?

        /// The next message, or nil at the stream's end.
        public mutating func next() async throws -> Element? {
            guard let bytes = try await source() else { return nil }
            return try decode(bytes)
        }
    }

    /// Several iterators share the one stream.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(source: source) }
}

/// Decodes a message or throws the status that gRPC's implementations answer with.
func decode<M: Message>(_ bytes: [UInt8]) throws -> M {
    do {
        return try M(serializedBytes: bytes)
    } catch {
        throw RPCError(.internalError, "grpc: error unmarshalling message \(M.protoMessageName): \(error)")
    }
}

/// Encodes a message or throws a status.
func encode(_ message: some Message) throws -> [UInt8] {
    do {
        return try message.serializedBytes()
    } catch {
        throw RPCError(.internalError, "grpc: error marshalling message: \(error)")
    }
}
