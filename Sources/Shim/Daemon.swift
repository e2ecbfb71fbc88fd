import CPoll
import Glibc
import Host
import SystemPackage

/// The shim proper: serves the Task service on the listening socket that it inherits as descriptor 3.
final class Daemon {
    /// How long a shim without containers waits for a client.
    private static let idleMilliseconds: UInt64 = 15_000
    /// How long the last events and answers may take on their way.
    private static let farewellMilliseconds: UInt64 = 1000

    private let loop: EventLoop
    private let publisher: EventPublisher
    private let service: TaskService
    private let server: Server
    private let socketPath: String
    private var idleTimer: EventLoop.TimerToken?

    /// Serves until the shim is told to end, or nobody needs it any more.
    ///
    /// - Throws: `HostError`, `ShimUsageError`.
    static func run(_ options: ShimOptions) throws {
        guard fcntl(3, F_GETFD) >= 0 else {
            throw ShimUsageError(description: "no action, and no listening socket as descriptor 3")
        }
        _ = fcntl(3, F_SETFD, FD_CLOEXEC)
        let daemon = try Daemon(options)
        daemon.watchForIdleness()
        daemon.loop.run {
            malloc_trim(0)
            cpoll_release_code()
        }
        unlink(daemon.socketPath)
    }

    private init(_ options: ShimOptions) throws {
        try Processes.becomeSubreaper()
        loop = try EventLoop()
        publisher = EventPublisher(loop, address: environment("TTRPC_ADDRESS") ?? "", namespace: options.namespace)
        service = TaskService(loop: loop, publisher: publisher, namespace: options.namespace)
        socketPath =
            Daemon.boundPath(3)
            ?? ShimSocket.path(manager: options.address, namespace: options.namespace, id: options.id).string
        server = try Server(loop, listener: FileDescriptor(rawValue: 3)) { [service] in service.handle($0, $1) }
        service.shutdown = { [unowned self] in end() }
        service.containerRemoved = { [unowned self] in watchForIdleness() }
        server.connectionClosed = { [unowned self] in watchForIdleness() }
    }

    /// Ends once the last events and answers are on their way.
    private func end() {
        unlink(socketPath)
        loop.after(Daemon.farewellMilliseconds) { [loop] in loop.stop() }
        publisher.whenEmpty { [loop, server] in
            // The answer to Shutdown goes out in the same turn, unless the client does not read.
            if !server.hasOutput { loop.stop() }
        }
    }

    /// A shim that has no container, and whose client is gone, is of no use to anyone.
    private func watchForIdleness() {
        loop.cancel(idleTimer)
        idleTimer = nil
        guard service.containers.isEmpty, !server.hasConnections else { return }
        idleTimer = loop.after(Daemon.idleMilliseconds) { [unowned self] in
            if service.containers.isEmpty, !server.hasConnections { loop.stop() }
        }
    }

    /// The path that a listening socket is bound to.
    private static func boundPath(_ descriptor: CInt) -> String? {
        var address = sockaddr_un()
        var size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let failure = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
        }
        guard failure == 0 else { return nil }
        let path = withUnsafeBytes(of: &address.sun_path) {
            String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        // One that was reached through its folder's descriptor tells nothing.
        return path.first == "/" && !path.hasPrefix("/proc/") ? path : nil
    }
}
