import CHost
import CShimMessages
import Glibc
import Host
import SystemPackage
import TTRPC

/// Exec, Kill, Wait, and what concerns a process's streams.
extension TaskService {
    func exec(_ payload: [UInt8], _ reply: Reply) throws {
        let (id, process) = try decodeMessage(payload, containerd__task__v3__exec_process_request__unpack) { request in
            let execID = text(request.exec_id)
            try validate(id: execID)
            guard let spec = request.spec?.pointee else {
                throw TTRPCError(.invalidArgument, "exec \(execID) without a process: invalid argument")
            }
            let paths = StreamPaths(
                input: text(request.stdin), output: text(request.stdout), error: text(request.stderr),
                isTerminal: request.terminal != 0)
            return (
                text(request.id),
                ContainerProcess(execID: execID, paths: paths, document: bytes(spec.value), state: .created)
            )
        }
        let container = try container(id)
        guard !container.execs.contains(where: { $0.execID == process.execID }), process.execID != "init" else {
            throw TTRPCError(.alreadyExists, "id \(process.execID): already exists")
        }
        guard container.main.state != .stopped else {
            throw TTRPCError(.failedPrecondition, "cannot exec in a stopped container: failed precondition")
        }
        container.execs.append(process)
        publisher.publish(.execAdded(id, process.execID))
        reply(.success(TaskService.empty))
    }

    /// Starts a process that Exec has added.
    func startExec(
        _ process: ContainerProcess, of container: Container, _ started: @escaping () -> Void, _ reply: @escaping Reply
    ) {
        let file = container.path(process, ".process.json")
        let fail = { (error: TTRPCError) in
            process.close()
            process.state = .stopped
            process.exit = ProcessExit(status: 255, at: .now())
            reply(.failure(error))
            let waiters = process.waiters
            process.waiters = []
            for waiter in waiters { waiter(process.exit!) }
            if !container.execs.contains(where: \.isUnfinished) { container.heldEnd?() }
        }
        do {
            guard container.main.state == .running else {
                throw TTRPCError(
                    .failedPrecondition,
                    "cannot exec in a \(TaskService.word(container.main.state)) container: failed precondition")
            }
            process.streams = try StandardStreams(process.paths, container: container.id, namespace: namespace)
            try AtomicFile.write(process.document, to: FilePath(file))
            launch(
                process, of: container, ["exec", "--process", file, "--detach"], failure: "OCI runtime exec failed"
            ) { error in
                unlink(file)
                if let error { fail(error) } else { started() }
            }
        } catch {
            unlink(file)
            fail(error as? TTRPCError ?? TTRPCError(.unknown, "OCI runtime exec failed: \(error): unknown"))
        }
    }

    func kill(_ payload: [UInt8], _ reply: @escaping Reply) throws {
        let (id, execID, signal, all) = try decodeMessage(payload, containerd__task__v3__kill_request__unpack) {
            (text($0.id), text($0.exec_id), $0.signal, $0.all != 0)
        }
        let container = try container(id)
        let process = try container.process(execID)
        guard process.exit == nil, !process.isReaped else {
            throw TTRPCError(.notFound, "process already finished: not found")
        }
        guard process.pid > 0 else {
            throw TTRPCError(.failedPrecondition, "process not created: failed precondition")
        }
        if !execID.isEmpty {
            // A child of the shim: the pid is nobody else's before the shim has reaped it.
            guard Glibc.kill(process.pid, CInt(truncatingIfNeeded: signal)) == 0 else {
                throw TTRPCError(
                    errno == ESRCH ? .notFound : .invalidArgument,
                    "\(HostError.last("signal", "process \(execID)"))")
            }
            return reply(.success(TaskService.empty))
        }
        try runtime.run(
            container.settings, bundle: container.bundle, ["kill"] + (all ? ["--all"] : []) + [id, "\(signal)"]
        ) { outcome in
            if outcome.exitCode == 0 { return reply(.success(TaskService.empty)) }
            let message = outcome.message
            let texts: [StaticString] = [
                "already finished", "not running", "no such process", "does not exist", "No such process",
            ]
            guard process.exit != nil || texts.contains(where: { message.utf8.contains($0) }) else {
                return reply(.failure(TTRPCError(.unknown, "\(message): unknown")))
            }
            reply(.failure(TTRPCError(.notFound, "process already finished: not found")))
        }
    }

    func wait(_ payload: [UInt8], _ reply: @escaping Reply) throws {
        let (id, execID) = try decodeMessage(payload, containerd__task__v3__wait_request__unpack) {
            (text($0.id), text($0.exec_id))
        }
        let process = try container(id).process(execID)
        let answer = { (exit: ProcessExit) in
            let arena = MessageArena()
            let message: Containerd__Task__V3__WaitResponse = makeMessage(
                containerd__task__v3__wait_response__init
            ) {
                $0.exit_status = exit.status
                $0.exited_at = exit.at.message(in: arena)
            }
            reply(.success(withExtendedLifetime(arena) { encodeMessage(message) }))
        }
        if let exit = process.exit { answer(exit) } else { process.waiters.append(answer) }
    }

    func resize(_ payload: [UInt8], _ reply: Reply) throws {
        let (id, execID, width, height) = try decodeMessage(
            payload, containerd__task__v3__resize_pty_request__unpack
        ) { (text($0.id), text($0.exec_id), $0.width, $0.height) }
        let process = try container(id).process(execID)
        let size = (rows: UInt16(clamping: height), columns: UInt16(clamping: width))
        process.size = size
        try process.relay?.resize(rows: size.rows, columns: size.columns)
        reply(.success(TaskService.empty))
    }

    func closeIO(_ payload: [UInt8], _ reply: Reply) throws {
        let (id, execID, stdin) = try decodeMessage(payload, containerd__task__v3__close_iorequest__unpack) {
            (text($0.id), text($0.exec_id), $0.stdin != 0)
        }
        let process = try container(id).process(execID)
        if stdin { process.streams?.closeInput() }
        reply(.success(TaskService.empty))
    }
}
