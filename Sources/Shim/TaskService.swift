import CShimMessages
import Glibc
import Host
import SystemPackage
import TTRPC

/// containerd's Task service (runtime/task/v2 and v3, which have the same messages): every call, and what it changes.
///
/// Nothing here waits: a call whose answer depends on the runtime or on the end of a process is answered later, and
/// others go on meanwhile.
final class TaskService {
    /// Answers a call.
    typealias Reply = (Result<[UInt8], TTRPCError>) -> Void

    let loop: EventLoop
    let children: Children
    let runtime: RuntimeCommand
    let publisher: EventPublisher
    let namespace: String
    var containers: [String: Container] = [:]
    /// Called when the shim has nothing left to do and is told to end.
    var shutdown: () -> Void = {}
    /// Called when a container is gone.
    var containerRemoved: () -> Void = {}

    init(loop: EventLoop, publisher: EventPublisher, namespace: String) {
        self.loop = loop
        self.publisher = publisher
        self.namespace = namespace
        let children = Children()
        self.children = children
        runtime = RuntimeCommand(loop: loop, children: children)
        loop.childEnded = { pid, status in children.ended(pid, status) }
    }

    /// Does what `request` asks for; `reply` is called once, now or later.
    func handle(_ request: Request, _ reply: @escaping Reply) {
        guard request.service == "containerd.task.v2.Task" || request.service == "containerd.task.v3.Task" else {
            return reply(.failure(TTRPCError(.unimplemented, "service \(request.service)")))
        }
        let method = request.method
        Log.debug("\(method): \(request.payload.count) bytes")
        let reply: Reply =
            !Log.isDebugging
            ? reply
            : { result in
                if case .failure(let error) = result {
                    Log.debug("\(method): \(error)")
                } else {
                    Log.debug("\(method): done")
                }
                reply(result)
            }
        do {
            try dispatch(method, request.payload, reply)
        } catch let error as TTRPCError {
            reply(.failure(error))
        } catch {
            reply(.failure(TTRPCError(.unknown, "\(error): unknown")))
        }
    }

    private func dispatch(_ method: String, _ payload: [UInt8], _ reply: @escaping Reply) throws {
        switch method {
        case "Create": try create(payload, reply)
        case "Start": try start(payload, reply)
        case "Delete": try delete(payload, reply)
        case "Exec": try exec(payload, reply)
        case "Kill": try kill(payload, reply)
        case "Wait": try wait(payload, reply)
        case "State": try state(payload, reply)
        case "Pids": try pids(payload, reply)
        case "Stats": try stats(payload, reply)
        case "Pause": try pause(payload, reply)
        case "Resume": try resume(payload, reply)
        case "Update": try update(payload, reply)
        case "ResizePty": try resize(payload, reply)
        case "CloseIO": try closeIO(payload, reply)
        case "Connect": try connect(payload, reply)
        case "Shutdown": try shutDown(payload, reply)
        case "Checkpoint":
            throw TTRPCError(.unimplemented, "checkpoint of a container in user space: not implemented")
        default: throw TTRPCError(.unimplemented, "method \(method)")
        }
    }

    /// The container `id`.
    ///
    /// - Throws: `TTRPCError` (not found) in containerd's words.
    func container(_ id: String) throws -> Container {
        guard let container = containers[id] else { throw TTRPCError(.notFound, "container not created: not found") }
        return container
    }

    /// Refuses an id that could not be part of a file's name (containerd's pkg/identifiers).
    func validate(id: String) throws {
        func isAlphanumeric(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: false
            }
        }
        let isValid =
            id.utf8.first.map(isAlphanumeric) ?? false
            && id.utf8.allSatisfy {
                isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".")
            } && id.utf8.count <= 128
        guard isValid else { throw TTRPCError(.invalidArgument, "identifier \"\(id)\" is not valid: invalid argument") }
    }

    /// The encoding of google.protobuf.Empty.
    static let empty: [UInt8] = []

    /// The end of the shim: refused politely while it has containers.
    private func shutDown(_ payload: [UInt8], _ reply: Reply) throws {
        try decodeMessage(payload, containerd__task__v3__shutdown_request__unpack) { _ in }
        reply(.success(TaskService.empty))
        if containers.isEmpty { shutdown() }
    }

    private func connect(_ payload: [UInt8], _ reply: Reply) throws {
        let id = try decodeMessage(payload, containerd__task__v3__connect_request__unpack) { text($0.id) }
        let pid = containers[id]?.main.pid ?? 0
        let arena = MessageArena()
        let message: Containerd__Task__V3__ConnectResponse = makeMessage(
            containerd__task__v3__connect_response__init
        ) {
            $0.shim_pid = UInt32(getpid())
            $0.task_pid = UInt32(pid)
            $0.version = arena.string("v2")
        }
        reply(.success(withExtendedLifetime(arena) { encodeMessage(message) }))
    }
}
