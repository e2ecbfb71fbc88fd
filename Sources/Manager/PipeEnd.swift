// Unsafe pointers: receiving into an array.
import Glibc
import Host
import SystemPackage

/// One end of a pipe, closed with the object and on exec.
final class PipeEnd: Sendable {
    let descriptor: FileDescriptor

    private init(_ descriptor: FileDescriptor) {
        self.descriptor = descriptor
        _ = fcntl(descriptor.rawValue, F_SETFD, FD_CLOEXEC)
    }

    deinit { try? descriptor.close() }

    /// Both ends of a new pipe.
    static func pair() throws -> (reading: PipeEnd, writing: PipeEnd) {
        let ends = try FileDescriptor.pipe()
        return (PipeEnd(ends.readEnd), PipeEnd(ends.writeEnd))
    }

    /// The next bytes; empty at the end.
    func read() throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: 256 << 10) { buffer, count in
            count = try descriptor.read(into: UnsafeMutableRawBufferPointer(buffer))
        }
    }
}
