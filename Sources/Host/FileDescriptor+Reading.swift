// Unsafe pointers: room for what is read.
import Glibc
import SystemPackage

extension FileDescriptor {
    /// What can be read up to the end, or `limit` bytes of it.
    public func readAll(limit: Int = .max) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var status = Glibc.stat()
        var room = Glibc.fstat(rawValue, &status) == 0 ? max(Int(status.st_size) + 1, 4096) : 4096
        while bytes.count < limit {
            let count = bytes.count
            room = min(room, limit - count)
            bytes.append(contentsOf: repeatElement(0, count: room))
            let read = try bytes.withUnsafeMutableBytes {
                try self.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[count...]))
            }
            bytes.removeLast(room - read)
            if read == 0 { break }
            room = max(4096, count)
        }
        return bytes
    }
}
