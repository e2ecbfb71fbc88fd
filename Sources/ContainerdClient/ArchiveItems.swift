import Archive
import Glibc
import SystemPackage

/// The members of a tar archive as an asynchronous sequence: libarchive blocks a thread of its own.
///
/// The thread waits for `done()` of each member before it goes on to the next, so that memory stays bounded.
struct ArchiveItems: AsyncSequence, Sendable {
    /// One member: its header and, for a file, its bytes.
    struct Element: Sendable {
        let entry: ArchiveEntry
        /// Ends with the member's content.
        let content: ByteChannel
        fileprivate let acknowledgement: ByteChannel

        /// Lets the archive go on; what was not read of the content is passed over.
        func done() {
            content.fail(ArchiveError.cancelled)
            acknowledgement.end()
        }
    }

    private let stream: AsyncThrowingStream<Element, any Error>

    /// The members of the archive that comes out of `source`, whatever it is compressed with.
    init(_ source: ByteChannel) {
        let (stream, continuation) = AsyncThrowingStream.makeStream(of: Element.self)
        self.stream = stream
        // Whoever stops reading frees a thread that waits for bytes.
        continuation.onTermination = { reason in
            if case .cancelled = reason { source.fail(ArchiveError.cancelled) }
        }
        BlockingWork.start {
            do {
                let reader = try ArchiveReader { try source.receive() }
                while let entry = try reader.next() {
                    let element = Element(entry: entry, content: ByteChannel(), acknowledgement: ByteChannel())
                    if case .terminated = continuation.yield(element) { throw ArchiveError.cancelled }
                    do {
                        try reader.forEachBlock { _, block in try element.content.put(Array(block)) }
                        element.content.end()
                    } catch ArchiveError.cancelled {
                        // The consumer wanted no more of this member.
                    } catch {
                        element.content.fail(error)
                        throw error
                    }
                    _ = try element.acknowledgement.receive()
                }
                continuation.finish()
            } catch {
                continuation.finish(throwing: error)
            }
        }
    }

    func makeAsyncIterator() -> AsyncThrowingStream<Element, any Error>.Iterator { stream.makeAsyncIterator() }
}
