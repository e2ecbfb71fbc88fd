// Unsafe pointers: sending and receiving over a descriptor.
import Glibc
import Host
import SystemPackage

/// A client for programs that do one call at a time, such as command-line tools. Blocks the calling thread.
public final class BlockingClient {
    private let socket: FileDescriptor
    private var connection = ClientConnection()

    /// Connects to the server's unix socket.
    ///
    /// - Parameter address: a path, or `unix://` and a path.
    /// - Throws: `TTRPCError` (unavailable) when nobody listens there.
    public init(connectingTo address: String) throws {
        let path = address.hasPrefix("unix://") ? String(address.dropFirst("unix://".count)) : address
        do {
            socket = try UnixSocket.connect(FilePath(path))
        } catch {
            throw TTRPCError(.unavailable, "\(error)")
        }
    }

    deinit { try? socket.close() }

    /// Makes a call and waits for its answer.
    ///
    /// - Parameter timeoutNanoseconds: told to the server and kept here too; 0 waits for ever.
    /// - Throws: `TTRPCError`: the server's, or deadline exceeded, or unavailable when the connection is lost.
    public func call(_ request: Request) throws -> [UInt8] {
        let deadline = request.timeoutNanoseconds > 0 ? monotonic() + request.timeoutNanoseconds : Int64.max
        let stream = try connection.call(request)
        let size = 16 << 10
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
        defer { room.deallocate() }
        while !connection.output.isEmpty {
            try wait(CInt(POLLOUT), deadline, stream)
            let count = connection.output.withUnsafeBytes {
                send(socket.rawValue, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL | MSG_DONTWAIT))
            }
            if count < 0, errno == EAGAIN || errno == EINTR { continue }
            guard count >= 0 else { throw lost() }
            connection.sent(count)
        }
        while true {
            try wait(CInt(POLLIN), deadline, stream)
            let count = recv(socket.rawValue, room.baseAddress, size, CInt(MSG_DONTWAIT))
            if count < 0, errno == EAGAIN || errno == EINTR { continue }
            guard count > 0 else { throw lost() }
            for answer in connection.receive(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(room)[..<count]))
            where answer.stream == stream {
                return try answer.result.get()
            }
        }
    }

    private func wait(_ events: CInt, _ deadline: Int64, _ stream: UInt32) throws {
        while true {
            var timeout: CInt = -1
            if deadline != .max {
                let left = deadline - monotonic()
                guard left > 0 else {
                    connection.abandon(stream)
                    throw TTRPCError(.deadlineExceeded, "context deadline exceeded")
                }
                timeout = CInt(clamping: (left + 999_999) / 1_000_000)
            }
            var descriptor = pollfd(fd: socket.rawValue, events: Int16(events), revents: 0)
            if poll(&descriptor, 1, timeout) > 0 { return }
        }
    }

    private func lost() -> TTRPCError { TTRPCError(.unavailable, "ttrpc: closed") }

    private func monotonic() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
    }
}
