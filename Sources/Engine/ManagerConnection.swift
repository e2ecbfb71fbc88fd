import Archive
import ContainerdClient
import EngineAPI
import OCISpec
import RPC
import Registry

/// An image as the manager keeps it: a name and what it points to.
public struct ManagedImage: Sendable, Equatable {
    /// The full name, such as `docker.io/library/busybox:latest`.
    public var name: String
    /// The manifest or index.
    public var target: Descriptor
    /// When the name was given.
    public var updated: Timestamp

    /// An image.
    public init(name: String, target: Descriptor, updated: Timestamp = .zero) {
        self.name = name
        self.target = target
        self.updated = updated
    }
}

/// A mount in the form of containerd's API.
public struct ManagedMount: Sendable, Equatable, Codable {
    /// `bind`, `overlay`, ...
    public var type: String
    /// The source.
    public var source: String
    /// Options such as `lowerdir=A:B`.
    public var options: [String]

    /// A mount.
    public init(type: String, source: String, options: [String]) {
        self.type = type
        self.source = source
        self.options = options
    }
}

/// The stdio of a process: paths of fifos, empty where there is none.
public struct ProcessIO: Sendable, Equatable {
    /// Standard input.
    public var stdin = ""
    /// Standard output; the terminal's output when there is one.
    public var stdout = ""
    /// Standard error.
    public var stderr = ""
    /// Whether the process has a terminal.
    public var terminal = false

    /// No stdio.
    public init() {}
}

/// How a task or an exec fares.
public struct TaskState: Sendable, Equatable {
    /// containerd's statuses.
    public enum Status: Sendable { case unknown, created, running, stopped, paused }

    /// The container's id.
    public var id: String
    /// The status.
    public var status: Status
    /// The host's pid of the first process.
    public var pid: Int
    /// The exit, once it has stopped.
    public var exit: ProcessExit

    /// A state.
    public init(id: String, status: Status, pid: Int, exit: ProcessExit = ProcessExit(code: 0, time: .zero)) {
        self.id = id
        self.status = status
        self.pid = pid
        self.exit = exit
    }
}

/// The end of a process.
public struct ProcessExit: Sendable, Equatable {
    /// The exit code; 128 and the signal when one killed it.
    public var code: Int
    /// When it ended.
    public var time: Timestamp

    /// An exit.
    public init(code: Int, time: Timestamp) {
        self.code = code
        self.time = time
    }
}

/// An error of the manager, by containerd's closed set of kinds.
public struct ManagerError: Error, Sendable, CustomStringConvertible {
    /// The kinds that the engine tells apart.
    public enum Kind: Sendable {
        case notFound, alreadyExists, failedPrecondition, invalidArgument, unavailable, unimplemented, other
    }

    /// The kind.
    public var kind: Kind
    /// The manager's text.
    public var message: String

    /// An error.
    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    /// For people to read.
    public var description: String { message }
}

/// What the engine needs of the manager (containerd's API in one namespace). Every call throws `ManagerError`. A call made
/// while the manager is away waits a little for its return, then throws `unavailable`.
public protocol ManagerConnection: Sendable {
    /// The manager's version and commit.
    func version() async throws -> (version: String, revision: String)

    /// The image of that name, or nil.
    func image(_ name: String) async throws -> ManagedImage?
    /// All images.
    func images() async throws -> [ManagedImage]
    /// Gives a name to a target, also when the name meant another one.
    func putImage(name: String, target: Descriptor) async throws
    /// Takes a name away.
    func deleteImage(_ name: String) async throws
    /// A small document by digest.
    func read(_ descriptor: Descriptor) async throws -> [UInt8]
    /// Takes in an archive of `docker save` or of the OCI layout and returns the names that it gave.
    func load(_ archive: ByteChannel) async throws -> [ManagedImage]
    /// Makes an image of one layer from a root file system's tar.
    func importLayer(_ archive: ByteChannel, name: String, configuration: ImageConfiguration.Config, comment: String)
        async throws -> ManagedImage
    /// Writes images as an archive that `load` takes.
    func save(_ images: [ManagedImage], to archive: ByteChannel) async throws
    /// Fetches an image from its registry, gives it its name and makes its layers ready. Throws `RPCError`.
    func pull(
        _ reference: ImageReference, settings: RegistrySettings, options: PullOptions,
        report: @escaping TransferReport
    ) async throws -> Descriptor
    /// Sends an image to its registry and returns what that now knows under the name. Throws `RPCError`.
    func push(
        _ target: Descriptor, to reference: ImageReference, settings: RegistrySettings,
        report: @escaping TransferReport
    ) async throws -> Descriptor
    /// Makes the layers of an image ready for containers, unless they are.
    func unpack(_ image: ManagedImage) async throws

    /// Makes a writable snapshot over a committed one (empty for none).
    func prepareSnapshot(_ key: String, parent: String) async throws -> [ManagedMount]
    /// The mounts of a snapshot.
    func mounts(_ key: String) async throws -> [ManagedMount]
    /// Removes a snapshot; it need not exist.
    func removeSnapshot(_ key: String) async throws
    /// Bytes that a snapshot itself holds.
    func snapshotSize(_ key: String) async throws -> Int64

    /// Makes a container.
    func createContainer(id: String, image: String, snapshot: String, spec: [UInt8], labels: [String: String])
        async throws
    /// Gives a container another specification.
    func updateContainer(id: String, spec: [UInt8]) async throws
    /// Removes a container; it need not exist.
    func deleteContainer(_ id: String) async throws

    /// Makes a container's task; its first process waits.
    func createTask(_ id: String, rootfs: [ManagedMount], io: ProcessIO) async throws -> Int
    /// Lets the first process or an exec go; returns its pid.
    func start(_ id: String, exec: String?) async throws -> Int
    /// Makes an exec.
    func exec(_ id: String, exec: String, process: RuntimeSpec.Process, io: ProcessIO) async throws
    /// Sends a signal to the first process, to an exec, or with `all` to every process.
    func kill(_ id: String, exec: String?, signal: Int, all: Bool) async throws
    /// Waits for the end of the first process or of an exec.
    func wait(_ id: String, exec: String?) async throws -> ProcessExit
    /// Removes an ended task or exec.
    func deleteTask(_ id: String, exec: String?) async throws -> ProcessExit
    /// Stops all processes.
    func pause(_ id: String) async throws
    /// Lets them go on.
    func resume(_ id: String) async throws
    /// Sets the size of a terminal.
    func resize(_ id: String, exec: String?, width: Int, height: Int) async throws
    /// Says that standard input has ended.
    func closeInput(_ id: String, exec: String?) async throws
    /// The host's pids of all processes.
    func pids(_ id: String) async throws -> [Int]
    /// How the task fares; nil when there is none.
    func state(_ id: String) async throws -> TaskState?
    /// All tasks.
    func tasks() async throws -> [TaskState]
    /// What the container uses; nil where nobody counts.
    func usage(_ id: String) async throws -> TaskUsage?
    /// The ids of containers that ran out of memory, as it happens.
    func outOfMemory() -> AsyncStream<String>
}

/// What a container uses: times in nanoseconds, those of processes that have ended among them; sizes in bytes.
public struct TaskUsage: Sendable, Hashable {
    /// Time of the programs.
    public var user: UInt64
    /// Time that the kernel spent for them.
    public var kernel: UInt64
    /// Memory in use.
    public var memory: UInt64
    /// The most that was.
    public var memoryPeak: UInt64
    /// Processes and threads.
    public var processes: UInt64
    /// Bytes from block devices, and to them.
    public var blocks: [BlockBytes]

    /// Bytes of one device.
    public struct BlockBytes: Sendable, Hashable {
        /// The device's major number; 0 where only a sum is known.
        public var major: UInt64
        /// The device's minor number.
        public var minor: UInt64
        /// Bytes that came from there.
        public var read: UInt64
        /// Bytes that went there.
        public var written: UInt64

        /// What was counted.
        public init(major: UInt64, minor: UInt64, read: UInt64, written: UInt64) {
            (self.major, self.minor, self.read, self.written) = (major, minor, read, written)
        }
    }

    /// What was counted.
    public init(
        user: UInt64, kernel: UInt64, memory: UInt64, memoryPeak: UInt64, processes: UInt64, blocks: [BlockBytes] = []
    ) {
        (self.user, self.kernel, self.memory) = (user, kernel, memory)
        (self.memoryPeak, self.processes, self.blocks) = (memoryPeak, processes, blocks)
    }
}

extension ManagerConnection {
    /// A connection that counts nothing.
    public func usage(_ id: String) async throws -> TaskUsage? { nil }

    /// A connection that reaches no registries.
    public func pull(
        _ reference: ImageReference, settings: RegistrySettings, options: PullOptions, report: @escaping TransferReport
    ) async throws -> Descriptor {
        throw RPCError.unimplemented("pull \(reference.familiar)")
    }

    /// A connection that reaches no registries.
    public func push(
        _ target: Descriptor, to reference: ImageReference, settings: RegistrySettings, report: @escaping TransferReport
    ) async throws -> Descriptor {
        throw RPCError.unimplemented("push \(reference.familiar)")
    }
}
