import CHost
import CShimMessages
import Glibc
import Host
import SystemPackage
import TTRPC

/// How long an end is held back, at the most, so that what the process wrote, and the ends of other processes, come
/// before it.
private let graceMilliseconds: UInt64 = 2000

/// Create, Start, Delete, and the ends of processes.
extension TaskService {
    func create(_ payload: [UInt8], _ reply: @escaping Reply) throws {
        var rootfs: [RootMount] = []
        let container = try decodeMessage(payload, containerd__task__v3__create_task_request__unpack) {
            request -> Container in
            let id = text(request.id)
            try validate(id: id)
            guard containers[id] == nil else { throw TTRPCError(.alreadyExists, "container \(id): already exists") }
            guard text(request.checkpoint).isEmpty else {
                throw TTRPCError(.unimplemented, "restore of a checkpoint: not implemented")
            }
            var settings = RuntimeSettings(namespace: namespace)
            if let options = request.options?.pointee {
                try settings.apply(
                    typeURL: text(options.type_url), value: bytes(options.value), namespace: namespace)
            }
            for index in 0..<request.n_rootfs {
                guard let mount = request.rootfs[index]?.pointee else { continue }
                rootfs.append(
                    RootMount(
                        type: text(mount.type), source: text(mount.source), target: text(mount.target),
                        options: (0..<mount.n_options).map { text(mount.options[$0]) }))
            }
            let paths = StreamPaths(
                input: text(request.stdin), output: text(request.stdout), error: text(request.stderr),
                isTerminal: request.terminal != 0)
            return Container(
                id: id, bundle: text(request.bundle), settings: settings,
                main: ContainerProcess(execID: "", paths: paths, state: .creating))
        }
        let main = container.main
        if !rootfs.isEmpty {
            try AtomicFile.write(
                rootfs.map(\.line).joined().utf8, to: FilePath(container.bundle).appending("rootfs.fstab"))
        }
        try container.settings.save(inBundle: container.bundle)
        main.streams = try StandardStreams(main.paths, container: container.id, namespace: namespace)
        containers[container.id] = container
        let fail = { [self] (error: TTRPCError) in
            if main.pid > 0 {
                // The runtime has made it, the shim has no use for it.
                try? runtime.run(container.settings, bundle: container.bundle, ["delete", "--force", container.id]) {
                    _ in
                }
            }
            main.close()
            containers[container.id] = nil
            containerRemoved()
            reply(.failure(error))
        }
        launch(
            main, of: container, ["create", "--bundle", container.bundle], failure: "OCI runtime create failed"
        ) { [self] error in
            if let error { return fail(error) }
            main.state = .created
            let (id, publisher) = (container.id, publisher)
            container.memoryWatch = MemoryWatch(loop, folder: container.settings.root + "/" + id) {
                publisher.publish(.outOfMemory(id))
            }
            publisher.publish(.create(container, rootfs))
            let message: Containerd__Task__V3__CreateTaskResponse = makeMessage(
                containerd__task__v3__create_task_response__init
            ) { $0.pid = UInt32(main.pid) }
            reply(.success(encodeMessage(message)))
            releaseHeldExit(main, of: container)
        }
    }

    func start(_ payload: [UInt8], _ reply: @escaping Reply) throws {
        let (id, execID) = try decodeMessage(payload, containerd__task__v3__start_request__unpack) {
            (text($0.id), text($0.exec_id))
        }
        let container = try container(id)
        let process = try container.process(execID)
        guard process.state == .created else {
            throw TTRPCError(
                .failedPrecondition, "cannot start a \(TaskService.word(process.state)) process: failed precondition")
        }
        let started = { [self] in
            process.state = .running
            publisher.publish(
                execID.isEmpty ? .start(id, pid: process.pid) : .execStarted(id, execID, pid: process.pid))
            let message: Containerd__Task__V3__StartResponse = makeMessage(
                containerd__task__v3__start_response__init
            ) { $0.pid = UInt32(process.pid) }
            reply(.success(encodeMessage(message)))
            releaseHeldExit(process, of: container)
        }
        process.state = .starting
        if !execID.isEmpty {
            return startExec(process, of: container, started, reply)
        }
        do {
            try runtime.run(container.settings, bundle: container.bundle, ["start", id]) { [self] outcome in
                if outcome.exitCode == 0 { return started() }
                process.state = .created
                reply(.failure(TTRPCError(.unknown, "OCI runtime start failed: \(outcome.message): unknown")))
                releaseHeldExit(process, of: container)
            }
        } catch {
            process.state = .created
            throw error
        }
    }

    func delete(_ payload: [UInt8], _ reply: @escaping Reply) throws {
        let (id, execID) = try decodeMessage(payload, containerd__task__v3__delete_request__unpack) {
            (text($0.id), text($0.exec_id))
        }
        let container = try container(id)
        let process = try container.process(execID)
        switch process.state {
        case .creating, .starting, .running:
            throw TTRPCError(
                .failedPrecondition, "cannot delete a \(TaskService.word(process.state)) process: failed precondition")
        case .created, .stopped: break
        }
        if !execID.isEmpty {
            process.close()
            unlink(container.path(process, ".pid"))
            container.execs.removeAll { $0 === process }
            return reply(.success(TaskService.deleteResponse(process)))
        }
        try runtime.run(container.settings, bundle: container.bundle, ["delete", id]) { [self] outcome in
            guard outcome.exitCode == 0 || outcome.message.utf8.contains("does not exist") else {
                return reply(.failure(TTRPCError(.unknown, "\(outcome.message): unknown")))
            }
            // A container that was never started has ended through the deletion: its end is on its way.
            let finish = { [self] in
                guard containers[id] === container else {
                    return reply(.failure(TTRPCError(.notFound, "container not created: not found")))
                }
                for process in container.execs + [process] { process.close() }
                containers[id] = nil
                let exit = process.exit ?? ProcessExit(status: 137, at: .now())
                publisher.publish(.delete(id, pid: process.pid, exit))
                reply(.success(TaskService.deleteResponse(process)))
                containerRemoved()
            }
            if process.exit != nil || process.pid == 0 { return finish() }
            var timer: EventLoop.TimerToken?
            process.waiters.append { [self] _ in
                guard timer != nil else { return }
                loop.cancel(timer)
                finish()
            }
            timer = loop.after(graceMilliseconds) {
                timer = nil
                finish()
            }
        }
    }

    /// Runs a command of the runtime that makes `process`, and takes over the pid and the terminal that it tells.
    ///
    /// - Parameter completion: called with nil after the pid is known and the process's end is expected, or with an error.
    func launch(
        _ process: ContainerProcess, of container: Container, _ arguments: [String], failure: String,
        completion: @escaping (TTRPCError?) -> Void
    ) {
        process.streams?.whenReady(loop) { [self] error in
            if let error { return completion(error) }
            do {
                try launchNow(process, of: container, arguments, failure: failure, completion: completion)
            } catch {
                completion(error as? TTRPCError ?? TTRPCError(.unknown, "\(failure): \(error): unknown"))
            }
        }
    }

    private func launchNow(
        _ process: ContainerProcess, of container: Container, _ arguments: [String], failure: String,
        completion: @escaping (TTRPCError?) -> Void
    ) throws {
        let pidFile = container.path(process, ".pid")
        var arguments = arguments + ["--pid-file", pidFile]
        var streams = process.streams?.process ?? [nil, nil, nil]
        var console: ConsoleSocket?
        if process.paths.isTerminal {
            let folder = Folders.current.runtime.appending("s")
            try Folders.make(folder)
            console = try ConsoleSocket(folder.appending("pty-\(getpid())-\(MonotonicTime.now())"))
            arguments += ["--console-socket", console!.path]
            streams = [nil, nil, nil]
        }
        do {
            try runtime.run(
                container.settings, bundle: container.bundle, arguments + [container.id], streams: streams,
                makesProcess: true
            ) { [self] outcome in
                defer { console?.close() }
                guard outcome.exitCode == 0 else {
                    return completion(TTRPCError(.unknown, "\(failure): \(outcome.message): unknown"))
                }
                guard let pid = Container.readPid(pidFile) else {
                    return completion(TTRPCError(.unknown, "\(failure): no pid in \(pidFile): unknown"))
                }
                process.pid = pid
                children.expect(pid) { [self] status in
                    ended(process, of: container, ProcessExit(status: UInt32(ukh_exit_code(status)), at: .now()))
                }
                do {
                    if let console {
                        guard let master = try console.receive() else {
                            throw TTRPCError(.unknown, "runtime sent no terminal")
                        }
                        try process.attach(master: master, loop)
                    } else {
                        process.streams?.handOver()
                    }
                    completion(nil)
                } catch {
                    Glibc.kill(pid, SIGKILL)
                    completion(TTRPCError(.unknown, "\(failure): \(error): unknown"))
                }
            }
        } catch {
            console?.close()
            throw error
        }
    }

    /// Deals with an end that came while the runtime was at work on the process.
    func releaseHeldExit(_ process: ContainerProcess, of container: Container) {
        guard let exit = process.heldExit else { return }
        process.heldExit = nil
        ended(process, of: container, exit)
    }

    /// A process that a client knows has ended.
    private func ended(_ process: ContainerProcess, of container: Container, _ exit: ProcessExit) {
        process.isReaped = true
        // One whose start has failed has been told as ended already.
        guard process.exit == nil else { return }
        if process.state == .creating || process.state == .starting {
            process.heldExit = exit
            return
        }
        guard process === container.main else { return drain(process) { [self] in tell(process, of: container, exit) } }
        // A client that hears of the end by its own call of Wait hears by an event why: that needs a moment's start.
        container.memoryWatch?.look()
        if let watch = container.memoryWatch, watch.count > 0 {
            container.memoryWatch = nil
            loop.after(50) { [self] in ended(process, of: container, exit) }
            return
        }
        // The kernel ends all other processes with the first. Those that clients know are told before it.
        let tellMain = { [self] in
            container.heldEnd = nil
            drain(process) { [self] in tell(process, of: container, exit) }
        }
        guard container.execs.contains(where: \.isUnfinished) else { return tellMain() }
        container.heldEnd = tellMain
        loop.after(graceMilliseconds) {
            for exec in container.execs where exec.hasPid { Glibc.kill(exec.pid, SIGKILL) }
            container.heldEnd?()
        }
    }

    /// Lets the client have what an ended process wrote on its terminal, then calls `completion`: at the latest after the
    /// grace time, for a client that does not read.
    private func drain(_ process: ContainerProcess, _ completion: @escaping () -> Void) {
        guard let relay = process.relay else {
            process.closeAfterExit()
            return completion()
        }
        var isTold = false
        let tell = {
            if isTold { return }
            isTold = true
            completion()
        }
        let timer = loop.after(graceMilliseconds, tell)
        relay.drain { [loop] in
            loop.cancel(timer)
            process.closeAfterExit()
            tell()
        }
    }

    private func tell(_ process: ContainerProcess, of container: Container, _ exit: ProcessExit) {
        process.exit = exit
        process.state = .stopped
        publisher.publish(
            .exit(
                container.id, processID: process.execID.isEmpty ? container.id : process.execID, pid: process.pid, exit)
        )
        let waiters = process.waiters
        process.waiters = []
        for waiter in waiters { waiter(exit) }
        if process !== container.main, !container.execs.contains(where: \.isUnfinished) { container.heldEnd?() }
    }

    static func word(_ state: ContainerProcess.State) -> String {
        switch state {
        case .creating: "creating"
        case .created: "created"
        case .starting: "starting"
        case .running: "running"
        case .stopped: "stopped"
        }
    }

    private static func deleteResponse(_ process: ContainerProcess) -> [UInt8] {
        let arena = MessageArena()
        let message: Containerd__Task__V3__DeleteResponse = makeMessage(
            containerd__task__v3__delete_response__init
        ) {
            $0.pid = UInt32(process.pid)
            $0.exit_status = process.exit?.status ?? 0
            $0.exited_at = process.exit?.at.message(in: arena)
        }
        return withExtendedLifetime(arena) { encodeMessage(message) }
    }
}

extension String.UTF8View {
    /// Whether `text` stands somewhere in it; byte by byte, without Unicode's tables.
    func contains(_ text: StaticString) -> Bool {
        let pattern = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        return indices.contains { self[$0...].starts(with: pattern) }
    }
}
