import Glibc
import Host
import KernelProtocol
import SystemPackage

/// One client of the control socket: what it has sent of a message so far.
final class Connection {
    let descriptor: FileDescriptor
    private var bytes: [UInt8] = []
    private var descriptors: [FileDescriptor] = []

    init(_ descriptor: FileDescriptor) {
        self.descriptor = descriptor
        // A client that does not read its answers must not hold up the container.
        var patience = timeval(tv_sec: 1, tv_usec: 0)
        setsockopt(
            descriptor.rawValue, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    /// Reads what is there. Nil when the message is not complete yet.
    /// - Throws: `WireError`, `.closed` at the end of the stream too.
    func receive() throws -> (message: Message, descriptors: [FileDescriptor])? {
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        let wanted = min(chunk.count, missing)
        let received = try chunk.withUnsafeMutableBytes {
            try UnixSocket.receive(into: UnsafeMutableRawBufferPointer(rebasing: $0[..<wanted]), from: descriptor)
        }
        descriptors += received.descriptors
        guard received.count > 0 else { throw WireError.closed }
        bytes += chunk[..<received.count]
        guard bytes.count >= 4 else { return nil }
        guard length <= Int(Message.limit) else { throw WireError.tooLarge(UInt32(length)) }
        guard missing == 0 else { return nil }
        let message = try Message(decoding: Array(bytes[4...]))
        defer {
            bytes = []
            descriptors = []
        }
        return (message, descriptors)
    }

    func close() {
        for descriptor in descriptors { try? descriptor.close() }
        try? descriptor.close()
    }

    private var length: Int {
        Int(bytes[0]) | Int(bytes[1]) << 8 | Int(bytes[2]) << 16 | Int(bytes[3]) << 24
    }

    private var missing: Int { bytes.count < 4 ? 4 - bytes.count : 4 + length - bytes.count }
}
