import AsyncHTTPClient
import ContainerdAPI
import ContainerdClient
import GRPC
import NIOCore
import OCISpec
import RPC

/// Sends one blob from the content store to a repository: a small one with a single request, a large one in chunks, so
/// that a connection that breaks costs no more than a chunk.
struct BlobUpload: Sendable {
    let repository: Repository
    let client: ContainerdClient
    let descriptor: Descriptor
    let report: TransferReport

    private static let chunkSize: Int64 = 64 << 20
    private static let attempts = 4

    /// - Parameter location: an upload that has begun, if any.
    func run(_ location: String?) async throws {
        var location = location
        for attempt in 1... {
            do {
                let place: String
                if let location {
                    place = location
                } else {
                    guard let begun = try await repository.beginUpload(descriptor.digest, mounting: nil, sources: [])
                    else { return }
                    place = begun
                }
                if descriptor.size <= Self.chunkSize {
                    _ = try await send(0..<descriptor.size, to: place, completes: true)
                } else {
                    try await sendChunks(to: place)
                }
                return
            } catch let error as RPCError where error.code == .unavailable && attempt < Self.attempts {
                // The registry knows nothing of an upload after its end or its own restart: a new one begins.
                try await Task.sleep(for: .milliseconds(200 << attempt))
                location = nil
            }
        }
    }

    private func sendChunks(to begun: String) async throws {
        var location = begun
        var offset: Int64 = 0
        var failures = 0
        while offset < descriptor.size {
            let range = offset..<min(offset + Self.chunkSize, descriptor.size)
            do {
                location = try await send(range, to: location, completes: false)
                offset = range.upperBound
                failures = 0
            } catch let error as RPCError where error.code == .unavailable && failures < Self.attempts {
                failures += 1
                try await Task.sleep(for: .milliseconds(100 << failures))
                (offset, location) = try await repository.uploadStatus(location, sources: [])
            }
        }
        _ = try await send(descriptor.size..<descriptor.size, to: location, completes: true)
    }

    private func send(_ range: Range<Int64>, to location: String, completes: Bool) async throws -> String {
        let bytes = BlobBytes(
            client: client, digest: descriptor.digest, range: range
        ) { moved in
            await report(.moved(descriptor, bytes: moved))
        }
        return try await repository.upload(
            location, range: range, last: completes ? descriptor.digest : nil, sources: []
        ) {
            range.isEmpty ? .bytes(ByteBuffer()) : .stream(bytes, length: .known(Int64(range.count)))
        }
    }
}

/// A part of a blob as the body of a request: read from the content store as the connection takes it.
private struct BlobBytes: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let client: ContainerdClient
    let digest: String
    let range: Range<Int64>
    let moved: @Sendable (Int64) async -> Void

    struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let bytes: BlobBytes
        fileprivate var source: MessageStream<Containerd_Services_Content_V1_ReadContentResponse>.AsyncIterator?
        fileprivate var position: Int64

        mutating func next() async throws -> ByteBuffer? {
            if source == nil {
                source = try bytes.client.content.stream(
                    bytes.digest, offset: bytes.range.lowerBound, size: Int64(bytes.range.count)
                ).makeAsyncIterator()
            }
            guard let piece = try await source?.next() else {
                guard position == bytes.range.upperBound else {
                    throw RPCError(.dataLoss, "content \(bytes.digest) ends after \(position) bytes")
                }
                return nil
            }
            position += Int64(piece.data.count)
            await bytes.moved(position)
            return ByteBuffer(bytes: piece.data)
        }
    }

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(bytes: self, source: nil, position: range.lowerBound)
    }
}
