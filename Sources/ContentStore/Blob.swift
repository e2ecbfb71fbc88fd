import Glibc
import Host
import SystemPackage

/// An open blob. It stays readable when it is deleted meanwhile.
public final class Blob: Sendable {
    /// A descriptor at the blob's start; the blob's own.
    public let descriptor: FileDescriptor
    /// Bytes in the blob.
    public let size: Int64

    init(descriptor: FileDescriptor, size: Int64) {
        self.descriptor = descriptor
        self.size = size
    }

    deinit { try? descriptor.close() }

    /// Up to `count` bytes from `offset` on; empty at the end.
    public func read(at offset: Int64, count: Int) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: count) { buffer, read in
            read = try descriptor.read(fromAbsoluteOffset: offset, into: UnsafeMutableRawBufferPointer(buffer))
        }
    }
}
