import ContentStore
import Foundation
import GRPC
import Glibc
import Host
import Logging
import Metadata
import RPC
import Snapshots
import SystemPackage

/// The containerd-equivalent: content, images, snapshots, containers and tasks behind containerd's gRPC API.
public final class Manager: Sendable {
    private let configuration: ManagerConfiguration
    private let log: Logger
    private let lock: RootLock
    private let metadata: MetadataStore
    private let server: GRPCServer
    private let eventsSocket: EventsSocket
    private let tasks: TaskManager
    private let collector: GarbageCollector

    /// Opens what is kept under `configuration.root`. Nothing is served yet.
    ///
    /// - Throws: `RPCError` (failed precondition) when another manager uses the root; `HostError`.
    public init(configuration: ManagerConfiguration, log: Logger) async throws {
        self.configuration = configuration
        self.log = log
        try Folders.make(configuration.root)
        try Folders.make(configuration.state)
        try Folders.make(configuration.address.removingLastComponent())
        lock = try RootLock(configuration.root)

        let root = configuration.root
        let database = root.appending("io.containerd.metadata.v1.sqlite")
        try Folders.make(database)
        metadata = try MetadataStore(path: database.appending("meta.db").string)
        let content = try ContentStore(root: root.appending("io.containerd.content.v1.content"), metadata: metadata)
        var snapshotters: [String: Snapshotter] = [:]
        for name in ["native", "overlayfs"] {
            snapshotters[name] = try Snapshotter(
                name: name, root: root.appending("io.containerd.snapshotter.v1.\(name)"), metadata: metadata)
        }
        let events = EventExchange()
        collector = GarbageCollector(metadata: metadata, content: content, snapshotters: snapshotters, log: log)
        tasks = TaskManager(configuration: configuration, metadata: metadata, events: events, log: log)
        eventsSocket = EventsSocket(path: configuration.eventsAddress, events: events, log: log)
        server = GRPCServer(log: log)

        let uuid = try await metadata.setting("uuid") { UUID().uuidString.lowercased() }
        let plugins = IntrospectionServer.plugins(
            contentRoot: content.root,
            snapshotters: snapshotters.values.map { ($0.name, $0.root) }.sorted { $0.name < $1.name })
        HealthServer().register(on: server)
        VersionServer().register(on: server)
        IntrospectionServer(plugins: plugins, uuid: uuid).register(on: server)
        NamespacesServer(metadata: metadata, events: events).register(on: server)
        ContentServer(store: content, metadata: metadata, events: events, collector: collector).register(on: server)
        ImagesServer(metadata: metadata, events: events, collector: collector).register(on: server)
        SnapshotsServer(snapshotters: snapshotters, events: events, collector: collector).register(on: server)
        DiffServer(store: content, metadata: metadata).register(on: server)
        ContainersServer(metadata: metadata, events: events, collector: collector).register(on: server)
        TasksServer(metadata: metadata, tasks: tasks, log: log).register(on: server)
        LeasesServer(metadata: metadata, collector: collector).register(on: server)
        EventsServer(events: events).register(on: server)
    }

    /// Takes up running shims and begins to serve.
    public func start() async throws {
        try eventsSocket.start()
        await tasks.restore()
        do {
            try server.start(unixSocket: configuration.address.string)
        } catch {
            eventsSocket.stop()
            throw error
        }
        log.info("serving", metadata: ["address": "\(configuration.address)"])
        let (collector, log) = (collector, log)
        Task {
            do {
                try await collector.collectAll()
            } catch {
                log.error("cleaning up after the last run failed", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Stops serving. Shims and their containers go on.
    public func stop() async {
        await server.shutdown(grace: .milliseconds(500))
        eventsSocket.stop()
        try? metadata.close()
    }
}
