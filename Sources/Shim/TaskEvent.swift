import CShimMessages
import TTRPC

/// What a shim tells containerd of its tasks (events/task.proto), encoded and with its topic.
struct TaskEvent {
    var topic: String
    var typeURL: String
    var value: [UInt8]

    /// A container exists.
    static func create(_ container: Container, _ rootfs: [RootMount]) -> TaskEvent {
        let arena = MessageArena()
        let paths = container.main.paths
        let message: Containerd__Events__TaskCreate = makeMessage(containerd__events__task_create__init) {
            $0.container_id = arena.string(container.id)
            $0.bundle = arena.string(container.bundle)
            $0.pid = UInt32(container.main.pid)
            $0.n_rootfs = rootfs.count
            $0.rootfs = arena.repeated(
                rootfs.map { mount in
                    makeMessage(containerd__types__mount__init) {
                        $0.type = arena.string(mount.type)
                        $0.source = arena.string(mount.source)
                        $0.target = arena.string(mount.target)
                        $0.n_options = mount.options.count
                        $0.options = arena.strings(mount.options)
                    }
                })
            $0.io = arena.message(
                makeMessage(containerd__events__task_io__init) {
                    $0.stdin = arena.string(paths.input)
                    $0.stdout = arena.string(paths.output)
                    $0.stderr = arena.string(paths.error)
                    $0.terminal = paths.isTerminal ? 1 : 0
                })
        }
        return TaskEvent("create", "TaskCreate", message, arena)
    }

    /// The container's first process runs.
    static func start(_ id: String, pid: Int32) -> TaskEvent {
        let arena = MessageArena()
        let message: Containerd__Events__TaskStart = makeMessage(containerd__events__task_start__init) {
            $0.container_id = arena.string(id)
            $0.pid = UInt32(pid)
        }
        return TaskEvent("start", "TaskStart", message, arena)
    }

    /// A further process is known.
    static func execAdded(_ id: String, _ execID: String) -> TaskEvent {
        let arena = MessageArena()
        let message: Containerd__Events__TaskExecAdded = makeMessage(containerd__events__task_exec_added__init) {
            $0.container_id = arena.string(id)
            $0.exec_id = arena.string(execID)
        }
        return TaskEvent("exec-added", "TaskExecAdded", message, arena)
    }

    /// A further process runs.
    static func execStarted(_ id: String, _ execID: String, pid: Int32) -> TaskEvent {
        let arena = MessageArena()
        let message: Containerd__Events__TaskExecStarted = makeMessage(containerd__events__task_exec_started__init) {
            $0.container_id = arena.string(id)
            $0.exec_id = arena.string(execID)
            $0.pid = UInt32(pid)
        }
        return TaskEvent("exec-started", "TaskExecStarted", message, arena)
    }

    /// A process has ended. `processID` is the container's id for its first process.
    static func exit(_ id: String, processID: String, pid: Int32, _ exit: ProcessExit) -> TaskEvent {
        let arena = MessageArena()
        let message: Containerd__Events__TaskExit = makeMessage(containerd__events__task_exit__init) {
            $0.container_id = arena.string(id)
            $0.id = arena.string(processID)
            $0.pid = UInt32(pid)
            $0.exit_status = exit.status
            $0.exited_at = exit.at.message(in: arena)
        }
        return TaskEvent("exit", "TaskExit", message, arena)
    }

    /// A process was killed for want of memory.
    static func outOfMemory(_ id: String) -> TaskEvent {
        let arena = MessageArena()
        let message: Containerd__Events__TaskOOM = makeMessage(containerd__events__task_oom__init) {
            $0.container_id = arena.string(id)
        }
        return TaskEvent("oom", "TaskOOM", message, arena)
    }

    /// The container is gone.
    static func delete(_ id: String, pid: Int32, _ exit: ProcessExit) -> TaskEvent {
        let arena = MessageArena()
        let message: Containerd__Events__TaskDelete = makeMessage(containerd__events__task_delete__init) {
            $0.container_id = arena.string(id)
            $0.pid = UInt32(pid)
            $0.exit_status = exit.status
            $0.exited_at = exit.at.message(in: arena)
        }
        return TaskEvent("delete", "TaskDelete", message, arena)
    }

    /// The container's processes stand still.
    static func paused(_ id: String) -> TaskEvent {
        let arena = MessageArena()
        let message: Containerd__Events__TaskPaused = makeMessage(containerd__events__task_paused__init) {
            $0.container_id = arena.string(id)
        }
        return TaskEvent("paused", "TaskPaused", message, arena)
    }

    /// They run again.
    static func resumed(_ id: String) -> TaskEvent {
        let arena = MessageArena()
        let message: Containerd__Events__TaskResumed = makeMessage(containerd__events__task_resumed__init) {
            $0.container_id = arena.string(id)
        }
        return TaskEvent("resumed", "TaskResumed", message, arena)
    }

    private init<M>(_ topic: String, _ name: String, _ message: M, _ arena: MessageArena) {
        self.topic = "/tasks/" + topic
        typeURL = "containerd.events." + name
        value = withExtendedLifetime(arena) { encodeMessage(message) }
    }

    /// The argument of Events.Forward (services/ttrpc/events/v1/events.proto).
    func forwardRequest(namespace: String, at timestamp: Timestamp) -> [UInt8] {
        let arena = MessageArena()
        let message: Containerd__Services__Events__Ttrpc__V1__ForwardRequest = makeMessage(
            containerd__services__events__ttrpc__v1__forward_request__init
        ) {
            $0.envelope = arena.message(
                makeMessage(containerd__types__envelope__init) {
                    $0.timestamp = timestamp.message(in: arena)
                    $0.namespace_ = arena.string(namespace)
                    $0.topic = arena.string(topic)
                    $0.event = anyMessage(typeURL, value, in: arena)
                })
        }
        return withExtendedLifetime(arena) { encodeMessage(message) }
    }
}

/// A google.protobuf.Any with containerd's form of type URLs: the message's full name alone.
func anyMessage(
    _ typeURL: String, _ value: [UInt8], in arena: MessageArena
) -> UnsafeMutablePointer<Google__Protobuf__Any> {
    arena.message(
        makeMessage(google__protobuf__any__init) {
            $0.type_url = arena.string(typeURL)
            $0.value = arena.bytes(value)
        })
}
