import Glibc
import SystemPackage

/// Where the bytes of an archive come from: called on the reading thread, it may block.
///
/// Each call returns the next bytes; an empty array ends the stream.
public typealias ByteSource = () throws -> [UInt8]

/// Ready made sources.
public enum ByteSources {
    /// The bytes of `descriptor` from its current offset on. The descriptor stays the caller's.
    public static func descriptor(_ descriptor: FileDescriptor, chunk: Int = 256 * 1024) -> ByteSource {
        {
            try [UInt8](unsafeUninitializedCapacity: chunk) { buffer, count in
                count = try descriptor.read(into: UnsafeMutableRawBufferPointer(buffer))
            }
        }
    }

    /// The given bytes.
    public static func bytes(_ bytes: [UInt8]) -> ByteSource {
        var rest: [UInt8]? = bytes
        return {
            defer { rest = nil }
            return rest ?? []
        }
    }
}
