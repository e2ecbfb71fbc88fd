import Engine
import Glibc
import Host
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import SystemPackage

/// The HTTP side of the daemon: listens on unix sockets and serves the Engine API.
public final class Server: Sendable {
    private let group: MultiThreadedEventLoopGroup
    private let router: Router
    private let logger: Logger
    private let listeners: [any Channel]
    private let paths: [FilePath]

    /// Listens on every socket of `paths`; each has mode 0600. Where a service manager listens already and has passed
    /// its socket on, that one is taken.
    ///
    /// - Parameter admitted: a group whose members may connect too; sockets have mode 0660 then.
    /// - Throws: `HostError` when a socket cannot be listened on: somebody else does, or the folder cannot be written.
    public static func start(
        engine: Engine, sockets paths: [FilePath], admitted: gid_t? = nil, logger: Logger
    ) async throws -> Server {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let router = Router(Routes.all(engine))
        var listeners: [any Channel] = []
        var made: [FilePath] = []
        do {
            for path in paths {
                try Folders.make(path.removingLastComponent())
                let inherited = InheritedSockets.take(path)
                let socket = try inherited ?? UnixSocket.listen(path, backlog: 256, group: admitted)
                if inherited == nil { made.append(path) }
                listeners.append(try await listen(socket.rawValue, admitted, group, router))
                logger.info("API listens", metadata: ["socket": "\(path)"])
            }
        } catch {
            for listener in listeners { try? await listener.close() }
            try? await group.shutdownGracefully()
            throw error
        }
        return Server(group, router, logger, listeners, made)
    }

    private init(
        _ group: MultiThreadedEventLoopGroup, _ router: Router, _ logger: Logger, _ listeners: [any Channel],
        _ paths: [FilePath]
    ) {
        self.group = group
        self.router = router
        self.logger = logger
        self.listeners = listeners
        self.paths = paths
    }

    /// Stops listening, breaks off what clients wait for, and removes the sockets that it made.
    public func stop() async {
        for path in paths { unlink(path.string) }
        for listener in listeners { try? await listener.close() }
        try? await group.shutdownGracefully()
    }

    private static func listen(
        _ socket: CInt, _ admitted: gid_t?, _ group: MultiThreadedEventLoopGroup, _ router: Router
    ) async throws -> any Channel {
        try await ServerBootstrap(group: group)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.maxMessagesPerRead, value: 4)
            .childChannelInitializer { channel in
                PeerCredentials.check(channel, admitted).flatMapThrowing {
                    let encoder = HTTPResponseEncoder()
                    let decoder = ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes))
                    let operations = channel.pipeline.syncOperations
                    try operations.addHandlers([
                        encoder, decoder,
                        HTTPHandler(encoder: encoder, decoder: decoder) { await router.serve($0) },
                    ])
                }
            }
            .withBoundSocket(socket)
            .get()
    }
}
