import NIOCore

/// A connection that the engine has turned into a pipe to a container's streams ("Attach to a container", hijacking).
public struct HijackedConnection: Sendable {
    let inbound: NIOAsyncChannelInboundStream<ResponsePart>
    let outbound: NIOAsyncChannelOutboundWriter<RequestPart>
    let multiplexed: Bool

    /// Sends bytes to the container's input, waiting while the connection is full.
    public func write(_ bytes: some Sequence<UInt8>) async throws {
        try await outbound.write(.raw(ByteBuffer(bytes: bytes)))
    }

    /// Ends the container's input; its output goes on.
    public func closeInput() { outbound.finish() }
}

/// The reading side of a hijacked connection.
///
/// Unchecked, because the iterator may move from one task to another as long as only one reads at a time, which a value
/// that is copied into the one reading task keeps.
public struct HijackedOutput: @unchecked Sendable {
    var iterator: NIOAsyncChannelInboundStream<ResponsePart>.AsyncIterator
    var demultiplexer: StreamDemultiplexer?

    /// The pieces that came next; nil once the container's streams have ended. With a terminal all is output.
    public mutating func next() async throws -> [StreamDemultiplexer.Piece]? {
        while let part = try await iterator.next() {
            guard case .bytes(let buffer) = part else { continue }
            let bytes = Array(buffer.readableBytesView)
            guard demultiplexer != nil else { return [.init(channel: .output, bytes: bytes[...])] }
            let pieces = try demultiplexer!.append(bytes)
            if !pieces.isEmpty { return pieces }
        }
        return nil
    }
}
