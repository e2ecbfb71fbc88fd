import ContainerdAPI
import OCISpec
import RPC
import SwiftProtobuf

extension ContainerdClient {
    /// What runs in the namespace.
    public var tasks: TasksClient { TasksClient(client: self) }
}

/// Where a process' standard streams lead: paths of fifos (or other URIs that the shim knows), empty for none.
public struct TaskIO: Sendable, Hashable {
    /// Standard input.
    public var stdin: String
    /// Standard output; with a terminal, all its output.
    public var stdout: String
    /// Standard error; unused with a terminal.
    public var stderr: String
    /// Whether the process has a terminal.
    public var terminal: Bool

    /// No streams unless said otherwise.
    public init(stdin: String = "", stdout: String = "", stderr: String = "", terminal: Bool = false) {
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
        self.terminal = terminal
    }
}

/// The end of a process.
public struct TaskExit: Sendable, Hashable {
    /// The exit code; 128 and the signal's number when one ended the process.
    public var status: UInt32
    /// When it ended.
    public var time: Google_Protobuf_Timestamp
}

/// Tasks: the running (or ended, but not yet deleted) processes of containers. `exec` names a further process; nil is
/// the container's first.
public struct TasksClient: Sendable {
    let client: ContainerdClient

    /// Makes a container's task; its first process waits for `start`. Returns the process' pid.
    public func create(
        _ container: String, rootfs: [Mount], io: TaskIO = TaskIO(), options: Google_Protobuf_Any? = nil
    ) async throws -> UInt32 {
        try await client.call(TasksService.create) {
            $0.containerID = container
            $0.rootfs = rootfs
            $0.stdin = io.stdin
            $0.stdout = io.stdout
            $0.stderr = io.stderr
            $0.terminal = io.terminal
            if let options { $0.options = options }
        }.pid
    }

    /// Lets a process go; returns its pid.
    public func start(_ container: String, exec: String? = nil) async throws -> UInt32 {
        try await client.call(TasksService.start) {
            $0.containerID = container
            $0.execID = exec ?? ""
        }.pid
    }

    /// Makes a further process, which waits for `start`.
    public func exec(
        _ container: String, exec: String, process: RuntimeSpec.Process, io: TaskIO = TaskIO()
    ) async throws {
        let spec = try TypeURL.json(TypeURL.process, process)
        _ = try await client.call(TasksService.exec) {
            $0.containerID = container
            $0.execID = exec
            $0.spec = spec
            $0.stdin = io.stdin
            $0.stdout = io.stdout
            $0.stderr = io.stderr
            $0.terminal = io.terminal
        }
    }

    /// Removes an ended task or process and tells how it ended.
    @discardableResult
    public func delete(_ container: String, exec: String? = nil) async throws -> TaskExit {
        let response =
            if let exec {
                try await client.call(TasksService.deleteProcess) {
                    $0.containerID = container
                    $0.execID = exec
                }
            } else {
                try await client.call(TasksService.delete) { $0.containerID = container }
            }
        return TaskExit(status: response.exitStatus, time: response.exitedAt)
    }

    /// How a process fares.
    public func get(_ container: String, exec: String? = nil) async throws -> TaskProcess {
        try await client.call(TasksService.get) {
            $0.containerID = container
            $0.execID = exec ?? ""
        }.process
    }

    /// All tasks of the namespace.
    public func list(filter: String = "") async throws -> [TaskProcess] {
        try await client.call(TasksService.list) { $0.filter = filter }.tasks
    }

    /// Sends a signal to a process, or with `all` to every process of the container.
    public func kill(_ container: String, exec: String? = nil, signal: UInt32, all: Bool = false) async throws {
        _ = try await client.call(TasksService.kill) {
            $0.containerID = container
            $0.execID = exec ?? ""
            $0.signal = signal
            $0.all = all
        }
    }

    /// Waits for the end of a process.
    public func wait(_ container: String, exec: String? = nil) async throws -> TaskExit {
        let response = try await client.call(TasksService.wait) {
            $0.containerID = container
            $0.execID = exec ?? ""
        }
        return TaskExit(status: response.exitStatus, time: response.exitedAt)
    }

    /// Sets the size of a terminal in characters.
    public func resize(_ container: String, exec: String? = nil, width: UInt32, height: UInt32) async throws {
        _ = try await client.call(TasksService.resizePty) {
            $0.containerID = container
            $0.execID = exec ?? ""
            $0.width = width
            $0.height = height
        }
    }

    /// Says that nothing follows on standard input.
    public func closeInput(_ container: String, exec: String? = nil) async throws {
        _ = try await client.call(TasksService.closeIO) {
            $0.containerID = container
            $0.execID = exec ?? ""
            $0.stdin = true
        }
    }

    /// Stops all processes.
    public func pause(_ container: String) async throws {
        _ = try await client.call(TasksService.pause) { $0.containerID = container }
    }

    /// Lets stopped processes go on.
    public func resume(_ container: String) async throws {
        _ = try await client.call(TasksService.resume) { $0.containerID = container }
    }

    /// The pids of all processes, with what the runtime adds to each.
    public func pids(_ container: String) async throws -> [Containerd_V1_Types_ProcessInfo] {
        try await client.call(TasksService.listPids) { $0.containerID = container }.processes
    }

    /// What tasks use (`id==NAME` filters by container).
    public func metrics(filters: [String] = []) async throws -> [Containerd_Types_Metric] {
        try await client.call(TasksService.metrics) { $0.filters = filters }.metrics
    }

    /// Changes a task's limits.
    public func update(_ container: String, resources: RuntimeSpec.Resources) async throws {
        let resources = try TypeURL.json(TypeURL.resources, resources)
        _ = try await client.call(TasksService.update) {
            $0.containerID = container
            $0.resources = resources
        }
    }
}
