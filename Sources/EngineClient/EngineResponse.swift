import NIOCore
import NIOHTTP1

/// An answer of the engine whose body is still arriving.
public struct EngineResponse {
    /// The HTTP status.
    public let status: Int
    /// The header fields.
    public let headers: HTTPHeaders
    /// The body in pieces as they arrive; it can be read once.
    public let body: Body

    /// The pieces of a body.
    public struct Body: AsyncSequence {
        /// A piece.
        public typealias Element = [UInt8]

        let parts: NIOAsyncChannelInboundStream<ResponsePart>.AsyncIterator

        /// Reads the pieces.
        public struct AsyncIterator: AsyncIteratorProtocol {
            var parts: NIOAsyncChannelInboundStream<ResponsePart>.AsyncIterator

            /// The next piece; nil at the end of the body.
            public mutating func next() async throws -> [UInt8]? {
                switch try await parts.next() {
                case .bytes(let buffer): Array(buffer.readableBytesView)
                case .head: throw EngineError.protocolViolation("a second head")
                case .end, nil: nil
                }
            }
        }

        /// The reader of this body.
        public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(parts: parts) }

        /// The whole body.
        public func collected() async throws -> [UInt8] {
            var bytes: [UInt8] = []
            for try await piece in self { bytes += piece }
            return bytes
        }
    }

    /// The body as JSON; `null` when it is empty.
    public func json() async throws -> JSONValue {
        let bytes = try await body.collected()
        return bytes.isEmpty ? .null : try JSONParser.parse(bytes)
    }

    /// Hands each value of a streamed body to `each` as it arrives.
    public func forEachValue(_ each: (JSONValue) async throws -> Void) async throws {
        var stream = JSONStream()
        for try await piece in body {
            for value in try stream.append(piece) { try await each(value) }
        }
    }
}
