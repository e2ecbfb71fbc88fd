// The calls are described in ManagerConnection.swift.
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation
import Archive
import ContainerdAPI
import ContainerdClient
import EngineAPI
import OCISpec
import RPC
import Registry

/// The manager, reached through containerd's API: ukmanager, or containerd itself.
public struct ContainerdManager: ManagerConnection {
    /// Waits for the server, but not for long.
    private let client: ContainerdClient
    /// For calls that may take as long as a container lives.
    private let patient: ContainerdClient
    private let snapshotter: String
    private let runtime: String

    /// A connection to the socket of `configuration`. Nothing is connected yet.
    public init(_ configuration: EngineConfiguration) throws {
        var client = try ContainerdClient(
            unixSocket: configuration.managerSocket.string, namespace: configuration.namespace)
        client.waitForReady = true
        patient = client
        client.timeout = .seconds(30)
        self.client = client
        snapshotter = configuration.snapshotter
        runtime = configuration.runtime
    }

    /// Runs a call; when the server went away in the middle of it, again.
    private func call<T: Sendable>(_ body: @Sendable () async throws -> T) async throws -> T {
        for _ in 0..<2 {
            do { return try await body() } catch let error as RPCError {
                // A call that timed out has waited long enough for the server to come back.
                guard error.code == .unavailable else { throw convert(error) }
            }
        }
        return try await once(body)
    }

    /// Runs a call that must not be made twice.
    private func once<T: Sendable>(_ body: @Sendable () async throws -> T) async throws -> T {
        do { return try await body() } catch let error as RPCError { throw convert(error) }
    }

    private func convert(_ error: RPCError) -> any Error {
        error.code == .cancelled && Task.isCancelled ? CancellationError() : ManagerError(error)
    }

    private func orNothing(_ body: @Sendable () async throws -> Void) async throws {
        do { try await call(body) } catch let error as ManagerError where error.kind == .notFound {}
    }

    public func version() async throws -> (version: String, revision: String) {
        try await call { try await client.version() }
    }

    public func image(_ name: String) async throws -> ManagedImage? {
        do {
            return ManagedImage(try await call { try await client.images.get(name) })
        } catch let error as ManagerError where error.kind == .notFound { return nil }
    }

    public func images() async throws -> [ManagedImage] {
        try await call { try await client.images.list().map { ManagedImage($0) } }
    }

    public func putImage(name: String, target: Descriptor) async throws {
        try await call { _ = try await client.images.put(name, target: target) }
    }

    public func deleteImage(_ name: String) async throws {
        try await orNothing { try await client.images.delete(name, sync: true) }
    }

    public func read(_ descriptor: Descriptor) async throws -> [UInt8] {
        try await call { try await client.content.read(descriptor.digest) }
    }

    public func load(_ archive: ByteChannel) async throws -> [ManagedImage] {
        try await once {
            var result: [ManagedImage] = []
            for image in try await patient.importImages(archive) {
                // An image has to have a name to be kept.
                let name =
                    image.name ?? "docker.io/library/\(ImageReference.danglingRepository)@\(image.target.digest)"
                if image.name == nil { _ = try await client.images.put(name, target: image.target) }
                _ = try await patient.unpack(image.target, snapshotter: snapshotter)
                result.append(ManagedImage(name: name, target: image.target))
            }
            return result
        }
    }

    public func importLayer(
        _ archive: ByteChannel, name: String, configuration: ImageConfiguration.Config, comment: String
    ) async throws -> ManagedImage {
        try await once {
            let image = try await patient.importLayer(
                archive, name: name, configuration: configuration, comment: comment)
            _ = try await patient.unpack(image.target, snapshotter: snapshotter)
            return ManagedImage(name: name, target: image.target)
        }
    }

    public func save(_ images: [ManagedImage], to archive: ByteChannel) async throws {
        try await once {
            try await patient.exportImages(
                images.map { ImportedImage(name: $0.name, target: $0.target) }, to: archive)
        }
    }

    public func pull(
        _ reference: ImageReference, settings: RegistrySettings, options: PullOptions, report: @escaping TransferReport
    ) async throws -> Descriptor {
        try await patient.pull(reference, settings: settings, options: options, report: report)
    }

    public func push(
        _ target: Descriptor, to reference: ImageReference, settings: RegistrySettings, report: @escaping TransferReport
    ) async throws -> Descriptor {
        try await patient.push(target, to: reference, settings: settings, report: report)
    }

    public func unpack(_ image: ManagedImage) async throws {
        try await call { _ = try await patient.unpack(image.target, snapshotter: snapshotter) }
    }

    public func prepareSnapshot(_ key: String, parent: String) async throws -> [ManagedMount] {
        try await call {
            do {
                // Nothing refers to the snapshot until the container is made: without the label it might be collected.
                return try await client.snapshots(snapshotter).prepare(
                    key, parent: parent, labels: ["containerd.io/gc.root": Timestamp.now.description]
                ).map { ManagedMount($0) }
            } catch let error as RPCError where error.code == .alreadyExists {
                // The answer to the first try was lost.
                return try await client.snapshots(snapshotter).mounts(key).map { ManagedMount($0) }
            }
        }
    }

    public func mounts(_ key: String) async throws -> [ManagedMount] {
        try await call { try await client.snapshots(snapshotter).mounts(key).map { ManagedMount($0) } }
    }

    public func removeSnapshot(_ key: String) async throws {
        try await orNothing { try await client.snapshots(snapshotter).remove(key) }
    }

    public func snapshotSize(_ key: String) async throws -> Int64 {
        try await call { try await client.snapshots(snapshotter).usage(key).size }
    }

    public func createContainer(
        id: String, image: String, snapshot: String, spec: [UInt8], labels: [String: String]
    ) async throws {
        var container = Containerd_Services_Containers_V1_Container()
        container.id = id
        container.image = image
        container.snapshotter = snapshotter
        container.snapshotKey = snapshot
        container.runtime.name = runtime
        container.spec = TypeURL.any(TypeURL.spec, bytes: spec)
        // containerd refuses labels of more than 4096 bytes, name and value together.
        container.labels = labels.filter { $0.key.utf8.count + $0.value.utf8.count <= 4096 && !$0.value.isEmpty }
        let message = container
        try await call {
            do { _ = try await client.containers.create(message) } catch let error as RPCError
                where error.code == .alreadyExists
            {
                _ = try await client.containers.update(message, paths: ["spec"])
            }
        }
    }

    public func updateContainer(id: String, spec: [UInt8]) async throws {
        var container = Containerd_Services_Containers_V1_Container()
        container.id = id
        container.spec = TypeURL.any(TypeURL.spec, bytes: spec)
        let message = container
        try await call { _ = try await client.containers.update(message, paths: ["spec"]) }
    }

    public func deleteContainer(_ id: String) async throws {
        try await orNothing { try await client.containers.delete(id) }
    }

    public func createTask(_ id: String, rootfs: [ManagedMount], io: ProcessIO) async throws -> Int {
        try await once {
            Int(try await client.tasks.create(id, rootfs: rootfs.map(\.message), io: TaskIO(io)))
        }
    }

    public func start(_ id: String, exec: String?) async throws -> Int {
        try await once { Int(try await client.tasks.start(id, exec: exec)) }
    }

    public func exec(_ id: String, exec: String, process: RuntimeSpec.Process, io: ProcessIO) async throws {
        try await once { try await client.tasks.exec(id, exec: exec, process: process, io: TaskIO(io)) }
    }

    public func kill(_ id: String, exec: String?, signal: Int, all: Bool) async throws {
        try await call { try await client.tasks.kill(id, exec: exec, signal: UInt32(signal), all: all) }
    }

    public func wait(_ id: String, exec: String?) async throws -> ProcessExit {
        try await once { ProcessExit(try await patient.tasks.wait(id, exec: exec)) }
    }

    public func deleteTask(_ id: String, exec: String?) async throws -> ProcessExit {
        try await call { ProcessExit(try await client.tasks.delete(id, exec: exec)) }
    }

    public func pause(_ id: String) async throws { try await call { try await client.tasks.pause(id) } }
    public func resume(_ id: String) async throws { try await call { try await client.tasks.resume(id) } }

    public func resize(_ id: String, exec: String?, width: Int, height: Int) async throws {
        try await call {
            try await client.tasks.resize(
                id, exec: exec, width: UInt32(clamping: width), height: UInt32(clamping: height))
        }
    }

    public func closeInput(_ id: String, exec: String?) async throws {
        try await orNothing { try await client.tasks.closeInput(id, exec: exec) }
    }

    public func pids(_ id: String) async throws -> [Int] {
        try await call { try await client.tasks.pids(id).map { Int($0.pid) } }
    }

    public func state(_ id: String) async throws -> TaskState? {
        do {
            return TaskState(try await call { try await client.tasks.get(id) })
        } catch let error as ManagerError where error.kind == .notFound { return nil }
    }

    public func tasks() async throws -> [TaskState] {
        var quick = client
        quick.timeout = .seconds(5)
        let client = quick
        return try await call { try await client.tasks.list().map { TaskState($0) } }
    }

    public func usage(_ id: String) async throws -> TaskUsage? {
        let metrics = try await call { try await client.tasks.metrics(filters: ["id==\(id)"]) }
        guard let data = metrics.first?.data else { return nil }
        if data.typeURL.hasSuffix("cgroups.v2.Metrics") {
            guard let m = try? Io_Containerd_Cgroups_V2_Metrics(serializedBytes: data.value) else { return nil }
            return TaskUsage(
                user: m.cpu.userUsec * 1000, kernel: m.cpu.systemUsec * 1000, memory: m.memory.usage,
                memoryPeak: m.memory.maxUsage, processes: m.pids.current,
                blocks: m.io.usage.map {
                    TaskUsage.BlockBytes(major: $0.major, minor: $0.minor, read: $0.rbytes, written: $0.wbytes)
                })
        }
        guard let m = try? Io_Containerd_Cgroups_V1_Metrics(serializedBytes: data.value), m.hasCpu else { return nil }
        var blocks: [TaskUsage.BlockBytes] = []
        for entry in m.blkio.ioServiceBytesRecursive {
            let known = blocks.firstIndex { $0.major == entry.major && $0.minor == entry.minor }
            if known == nil {
                blocks.append(TaskUsage.BlockBytes(major: entry.major, minor: entry.minor, read: 0, written: 0))
            }
            switch entry.op.lowercased() {
            case "read": blocks[known ?? blocks.count - 1].read += entry.value
            case "write": blocks[known ?? blocks.count - 1].written += entry.value
            default: break
            }
        }
        return TaskUsage(
            user: m.cpu.usage.user, kernel: m.cpu.usage.kernel, memory: m.memory.usage.usage,
            memoryPeak: m.memory.usage.max, processes: m.pids.current, blocks: blocks)
    }

    public func outOfMemory() -> AsyncStream<String> {
        let (client, namespace) = (patient, patient.namespace)
        return AsyncStream { continuation in
            let task = Task {
                while !Task.isCancelled {
                    do {
                        for try await envelope in try await client.events.subscribe(filters: ["topic==\"/tasks/oom\""])
                        where envelope.namespace == namespace {
                            if let event = envelope.message as? Containerd_Events_TaskOOM {
                                continuation.yield(event.containerID)
                            }
                        }
                    } catch {}
                    // The manager went away; the subscription is made again when it is back.
                    try? await Task.sleep(for: .milliseconds(500))
                }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }
}

extension ManagerError {
    init(_ error: RPCError) {
        let kind: Kind =
            switch error.code {
            case .notFound: .notFound
            case .alreadyExists: .alreadyExists
            case .failedPrecondition: .failedPrecondition
            case .invalidArgument, .outOfRange: .invalidArgument
            case .unavailable, .deadlineExceeded: .unavailable
            case .unimplemented: .unimplemented
            default: .other
            }
        self.init(kind, error.message)
    }
}

extension ManagedImage {
    init(_ image: Containerd_Services_Images_V1_Image) {
        self.init(
            name: image.name, target: image.descriptor,
            updated: Timestamp(seconds: image.updatedAt.seconds, nanoseconds: image.updatedAt.nanos))
    }
}

extension ManagedMount {
    init(_ mount: Containerd_Types_Mount) {
        self.init(type: mount.type, source: mount.source, options: mount.options)
    }

    var message: Containerd_Types_Mount {
        var mount = Containerd_Types_Mount()
        mount.type = type
        mount.source = source
        mount.options = options
        return mount
    }
}

extension TaskIO {
    init(_ io: ProcessIO) { self.init(stdin: io.stdin, stdout: io.stdout, stderr: io.stderr, terminal: io.terminal) }
}

extension ProcessExit {
    init(_ exit: TaskExit) {
        self.init(
            code: Int(exit.status), time: Timestamp(seconds: exit.time.seconds, nanoseconds: exit.time.nanos))
    }
}

extension TaskState {
    init(_ process: Containerd_V1_Types_Process) {
        let status: Status =
            switch process.status {
            case .created: .created
            case .running: .running
            case .stopped: .stopped
            case .paused, .pausing: .paused
            default: .unknown
            }
        // In a list the id is the container's; containerd leaves `container_id` empty there.
        self.init(
            id: process.containerID.isEmpty ? process.id : process.containerID, status: status, pid: Int(process.pid),
            exit: ProcessExit(
                code: Int(process.exitStatus),
                time: Timestamp(seconds: process.exitedAt.seconds, nanoseconds: process.exitedAt.nanos)))
    }
}
