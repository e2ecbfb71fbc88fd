// Unsafe pointers: getaddrinfo's results and socket addresses.
import Glibc
import RPC
import SystemPackage

/// TCP sockets that listen.
enum InternetSocket {
    /// Listens at `HOST:PORT` as Go writes it: without a host at all addresses, with IPv6 addresses in brackets.
    ///
    /// - Throws: `RPCError` when the address cannot be had.
    static func listen(_ address: String) throws -> FileDescriptor {
        guard let colon = address.lastIndex(of: ":"), UInt16(address[address.index(after: colon)...]) != nil else {
            throw RPCError.invalidArgument("address \(address) is no HOST:PORT")
        }
        var host = String(address[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        var hints = addrinfo()
        hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let failure = getaddrinfo(
            host.isEmpty ? nil : host, String(address[address.index(after: colon)...]), &hints, &found)
        guard failure == 0, let first = found else {
            throw RPCError(
                .failedPrecondition, "cannot listen at \(address): \(String(cString: gai_strerror(failure)))")
        }
        defer { freeaddrinfo(found) }
        // All addresses of IPv4 are among those of IPv6.
        let candidates = sequence(first: first) { $0.pointee.ai_next }.map(\.pointee)
        let chosen = host.isEmpty ? candidates.first { $0.ai_family == AF_INET6 } : nil
        var error = Errno.addressNotAvailable
        for candidate in (chosen.map { [$0] } ?? []) + candidates {
            let socket = socket(candidate.ai_family, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            guard socket >= 0 else {
                error = Errno(rawValue: errno)
                continue
            }
            var on: CInt = 1
            setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<CInt>.size))
            if bind(socket, candidate.ai_addr, candidate.ai_addrlen) == 0, Glibc.listen(socket, 64) == 0 {
                return FileDescriptor(rawValue: socket)
            }
            error = Errno(rawValue: errno)
            Glibc.close(socket)
        }
        throw RPCError(.failedPrecondition, "cannot listen at \(address): \(error)")
    }

    /// The address at which a socket listens, as `HOST:PORT`.
    static func name(of socket: FileDescriptor) -> String {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        var host = [CChar](repeating: 0, count: 256)
        var port = [CChar](repeating: 0, count: 16)
        let isKnown = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                getsockname(socket.rawValue, address, &size) == 0
                    && getnameinfo(
                        address, size, &host, socklen_t(host.count), &port, socklen_t(port.count),
                        NI_NUMERICHOST | NI_NUMERICSERV) == 0
            }
        }
        guard isKnown else { return "" }
        func text(_ characters: [CChar]) -> String {
            String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        let name = text(host)
        return "\(name.contains(":") ? "[\(name)]" : name):\(text(port))"
    }
}
