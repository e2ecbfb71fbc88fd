import Archive
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
    /// Serve figures; none unless the configuration asks for it.
    private let monitors: [DocumentServer]

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
        metadata = try MetadataStore(path: database.appending("meta.db").string) { log.critical("\($0)") }
        let content = try ContentStore(root: root.appending("io.containerd.content.v1.content"), metadata: metadata)
        var snapshotters: [String: Snapshotter] = [:]
        for name in ["native", "overlayfs"] where configuration.isEnabled(PluginType.snapshotter, name) {
            snapshotters[name] = try Snapshotter(
                name: name, root: root.appending("io.containerd.snapshotter.v1.\(name)"), metadata: metadata)
        }
        if let salvage = metadata.salvage { try await Self.recover(salvage, content, snapshotters, log) }
        let events = EventExchange()
        collector = GarbageCollector(
            metadata: metadata, content: content, snapshotters: snapshotters, settings: configuration.collection,
            events: events,
            log: log)
        tasks = TaskManager(configuration: configuration, metadata: metadata, events: events, log: log)
        eventsSocket = EventsSocket(path: configuration.eventsAddress, events: events, log: log)
        server = GRPCServer(maximumMessageSize: configuration.maximumMessageSize, log: log)
        monitors = try Self.monitors(
            configuration,
            Figures(
                server: server, metadata: metadata, tasks: tasks, hasDurations: configuration.hasCallDurations), log)

        let uuid = try await metadata.setting("uuid") { UUID().uuidString.lowercased() }
        let plugins = IntrospectionServer.plugins(
            contentRoot: content.root,
            snapshotters: snapshotters.values.map { ($0.name, $0.root) }.sorted { $0.name < $1.name },
            installs: configuration.installs
        ).filter { configuration.isEnabled($0.type, $0.id) }
        let names = Set(plugins.flatMap { [$0.id, "\($0.type).\($0.id)"] })
        if let missing = configuration.requiredPlugins.subtracting(names).min() {
            throw RPCError(.failedPrecondition, "required plugin \(missing) is not there, or disabled")
        }
        func serve(_ service: String, _ register: () -> Void) {
            if configuration.isEnabled(PluginType.service, service) { register() }
        }
        HealthServer().register(on: server)
        serve("version") { VersionServer().register(on: server) }
        serve("introspection") { IntrospectionServer(plugins: plugins, uuid: uuid).register(on: server) }
        serve("namespaces") { NamespacesServer(metadata: metadata, events: events).register(on: server) }
        serve("content") {
            ContentServer(store: content, metadata: metadata, events: events, collector: collector).register(on: server)
        }
        serve("images") { ImagesServer(metadata: metadata, events: events, collector: collector).register(on: server) }
        serve("snapshots") {
            SnapshotsServer(snapshotters: snapshotters, events: events, collector: collector).register(on: server)
        }
        serve("diff") {
            DiffServer(store: content, metadata: metadata, processors: configuration.streamProcessors).register(
                on: server)
        }
        serve("containers") {
            ContainersServer(metadata: metadata, events: events, collector: collector).register(on: server)
        }
        serve("tasks") { TasksServer(metadata: metadata, tasks: tasks, log: log).register(on: server) }
        serve("leases") { LeasesServer(metadata: metadata, collector: collector).register(on: server) }
        serve("events") { EventsServer(events: events).register(on: server) }
    }

    /// What serves figures, where the configuration says.
    private static func monitors(
        _ configuration: ManagerConfiguration, _ figures: Figures, _ log: Logger
    ) throws -> [DocumentServer] {
        let metrics: [String: DocumentServer.Source] = ["/v1/metrics": { await figures.prometheus() }]
        let variables: [String: DocumentServer.Source] = ["/debug/vars": { figures.variables() }]
        let debug = configuration.debug
        return try [
            configuration.metricsAddress.map {
                try DocumentServer(address: $0, user: nil, group: nil, documents: metrics, log: log)
            },
            debug.address.map {
                try DocumentServer(
                    address: $0, user: debug.user, group: debug.group, documents: variables.merging(metrics) { $1 },
                    log: log)
            },
        ].compactMap { $0 }
    }

    /// Keeps what lost its record, and says what happened.
    private static func recover(
        _ salvage: Salvage, _ content: ContentStore, _ snapshotters: [String: Snapshotter], _ log: Logger
    ) async throws {
        let blobs = try await content.adoptLeftovers()
        var folders: [FilePath] = []
        for snapshotter in snapshotters.values { folders += try await snapshotter.keepLeftovers() }
        let records = salvage.records.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        log.critical(
            "the metadata was damaged; what could be read of it was taken over",
            metadata: [
                "damaged": "\(salvage.damaged)", "records": "\(records.joined(separator: ", "))",
                "blobs-without-record": "\(blobs)",
                "folders-without-record": "\(folders.map(\.string).joined(separator: ", "))",
            ])
    }

    /// Takes up running shims and begins to serve.
    public func start() async throws {
        try eventsSocket.start()
        await tasks.restore()
        do {
            for monitor in monitors {
                try monitor.start()
                log.info("telling figures", metadata: ["address": "\(monitor.address)"])
            }
            try server.start(
                unixSocket: configuration.address.string, user: configuration.user, group: configuration.group)
        } catch {
            for monitor in monitors { monitor.stop() }
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
        for monitor in monitors { monitor.stop() }
        eventsSocket.stop()
        // It waits for readers, whose answers may need this thread.
        _ = try? await BlockingWork.run { [metadata] in try metadata.close() }
    }
}
