// Unsafe pointers: libarchive's callbacks.
import CArchive

/// Feeds libarchive from a `ByteSource`, and keeps the error of a source that throws.
final class LibarchiveStream {
    private let source: ByteSource
    private var buffer = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private(set) var failure: (any Error)?

    init(_ source: @escaping ByteSource) {
        self.source = source
    }

    deinit {
        buffer.deallocate()
    }

    /// Opens `archive` over this stream, which must outlive it.
    func open(_ archive: OpaquePointer) -> CInt {
        archive_read_open(
            archive, Unmanaged.passUnretained(self).toOpaque(), nil,
            { archive, context, block in
                Unmanaged<LibarchiveStream>.fromOpaque(context!).takeUnretainedValue().read(archive, block)
            }, nil)
    }

    private func read(_ archive: OpaquePointer?, _ block: UnsafeMutablePointer<UnsafeRawPointer?>?) -> Int {
        do {
            let bytes = try source()
            if bytes.count > buffer.count {
                buffer.deallocate()
                buffer = .allocate(byteCount: bytes.count, alignment: 16)
            }
            buffer.copyBytes(from: bytes)
            block?.pointee = UnsafeRawPointer(buffer.baseAddress)
            return bytes.count
        } catch {
            failure = error
            return -1
        }
    }
}
