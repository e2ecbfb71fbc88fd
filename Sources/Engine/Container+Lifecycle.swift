import EngineAPI
import Host
import Logging
import OCISpec

extension Container {
    // MARK: start

    /// Starts the container.
    ///
    /// - Throws: `EngineError`: 304 when it runs, 400 with the runtime's text when the command cannot be run.
    func start() async throws {
        try await lifecycle.withLock { try await startNow() }
    }

    private func startNow() async throws {
        guard !isRemoving else {
            throw EngineError(409, "container is marked for removal and cannot be started")
        }
        if record.phase == .paused {
            throw EngineError(409, "cannot start a paused container, try unpause instead")
        }
        guard !record.isRunning else { throw EngineError.notModified }
        let streams: ProcessStreams
        let pid: Int
        do {
            (streams, pid) = try await launch()
        } catch {
            throw await startFailed(error)
        }
        self.streams = streams
        try await update { record in
            record.phase = .running
            record.pid = pid
            record.exitCode = 0
            record.error = ""
            record.outOfMemory = false
            record.stoppedByHand = false
            record.started = Timestamp.now.description
        }
        event("start")
        input.fulfill(streams)
        watch()
    }

    /// Makes stdio, task and first process.
    private func launch() async throws -> (ProcessStreams, Int) {
        let manager = services.manager
        let mounts = try await mounts()
        let bytes = try spec(mounts)
        if bytes != sentSpec {
            try await manager.updateContainer(id: id, spec: bytes)
            sentSpec = bytes
        }
        let log = record.hostConfig.logConfig.type == "none" ? nil : try ContainerLog(path: logPath)
        let streams = try ProcessStreams(
            folder: execFolder, stdin: record.config.openStdin, stdout: true, stderr: true,
            terminal: record.config.tty, poller: services.poller)
        do {
            _ = try await manager.createTask(id, rootfs: mounts, io: streams.io)
            streams.pump(log: log, hub: hub)
            try streams.openInput()
            let pid = try await manager.start(id, exec: nil)
            self.log = log
            return (streams, pid)
        } catch {
            _ = try? await manager.deleteTask(id, exec: nil)
            await streams.finish(within: .milliseconds(200))
            log?.finish()
            throw error
        }
    }

    /// Writes down why the start failed and tells those who wait.
    private func startFailed(_ error: any Error) async -> any Error {
        let failure = StartFailure(error)
        try? await update { record in
            record.phase = .exited
            record.pid = 0
            record.exitCode = failure.code
            record.error = failure.message
            record.finished = Timestamp.now.description
        }
        hub.finish()
        // Those who wait for the next end go on waiting, as with moby; the client that asked for the start knows.
        input.fulfill(nil)
        input = Promise()
        if record.hostConfig.autoRemove, !isRemoving { await removeNow(volumes: true) }
        return failure.error
    }

    func renewPromises(_ end: End) {
        input.fulfill(nil)
        input = Promise()
        let ended = nextEnd
        nextEnd = Promise()
        ended.fulfill(end)
    }

    // MARK: end

    /// Waits for the end of the run, in a task of its own.
    func watch() {
        let services = services
        let id = id
        Task {
            var pause = Duration.milliseconds(50)
            while true {
                do {
                    let exit = try await services.manager.wait(id, exec: nil)
                    await ended(exit)
                    return
                } catch let error as ManagerError where error.kind == .notFound {
                    await ended(ProcessExit(code: 255, time: .now))
                    return
                } catch {
                    // The manager is away: the container goes on without it, and so does the wait once it is back.
                    services.logger.debug("waiting again", metadata: ["container": "\(id)", "error": "\(error)"])
                    try? await Task.sleep(for: pause)
                    pause = min(pause * 2, .seconds(1))
                }
            }
        }
    }

    /// Does what is due at the end of a run.
    func ended(_ exit: ProcessExit) async {
        await lifecycle.withLock {
            guard record.isRunning else { return }
            // The exit code goes to the disk before the manager may forget it.
            await record(exit)
            _ = try? await services.manager.deleteTask(id, exec: nil)
            // The shim has closed its ends by now; what they held has to be read.
            await streams?.finish(within: .seconds(5))
            self.streams = nil
            log?.finish()
            log = nil
            for exec in execs.values { await exec.containerEnded() }
            let goes = record.hostConfig.autoRemove && !isRemoving && !isRestarting
            if goes {
                // The record on the disk says "ending", from where a daemon started anew comes to the removal as well.
                record.phase = .removing
            } else {
                do { try await update { $0.phase = .exited } } catch {
                    logger.error("cannot write the record", metadata: ["error": "\(error)"])
                }
            }
            event("die", ["exitCode": "\(exit.code)", "execDuration": "\(runSeconds)"])
            hub.finish()
            renewPromises(End(code: exit.code))
            if goes { await removeNow(volumes: true) }
        }
    }

    private func record(_ exit: ProcessExit) async {
        do {
            try await update { record in
                record.phase = .ending
                record.pid = 0
                record.exitCode = exit.code
                record.finished = (exit.time > .zero ? exit.time : .now).description
            }
        } catch {
            logger.error("cannot write the record", metadata: ["error": "\(error)"])
        }
    }

    private var runSeconds: Int64 {
        guard let start = Timestamp(record.started), let end = Timestamp(record.finished) else { return 0 }
        return max(0, end.seconds - start.seconds)
    }

    /// Notes that the run in progress hit its memory limit.
    func ranOutOfMemory() async {
        guard record.isRunning else { return }
        try? await update { $0.outOfMemory = true }
        event("oom")
    }

    // MARK: signals

    /// Waits for a start or an end that is under way: a container's output may be seen, and answered with a signal, before
    /// its start is written down.
    func settle() async {
        if !record.isRunning { await lifecycle.withLock {} }
    }

    /// Sends a signal.
    ///
    /// - Throws: `EngineError` with 409 when the container does not run.
    func kill(signal: Int) async throws {
        await settle()
        guard record.isRunning else {
            throw EngineError(409, "cannot kill container: \(id): container \(id) is not running")
        }
        if record.phase == .paused {
            // A stopped process takes no signal but SIGKILL; docker lets the container go on first.
            try? await services.manager.resume(id)
            try await update { $0.phase = .running }
        }
        do {
            try await services.manager.kill(id, exec: nil, signal: signal, all: false)
        } catch let error as ManagerError where error.kind == .notFound {
            throw EngineError(409, "cannot kill container: \(id): container \(id) is not running")
        } catch {
            throw EngineError.from(error)
        }
        event("kill", ["signal": "\(signal)"])
    }

    /// Asks the container to end, and kills it when it does not within `timeout` seconds (nil: its own or 10; negative: never).
    ///
    /// - Throws: `EngineError` with 304 when it does not run.
    func stop(timeout: Int?, signal: String?) async throws {
        await settle()
        guard record.isRunning else { throw EngineError.notModified }
        let text = signal ?? record.config.stopSignal ?? ""
        let number = text.isEmpty ? Signals.terminate : try Signals.number(text)
        let end = nextEnd
        record.stoppedByHand = true
        do { try await kill(signal: number) } catch let error as EngineError where error.status == 409 {
            _ = await end.value(within: .seconds(5))
            return
        }
        let limit = timeout ?? record.config.stopTimeout ?? 10
        if limit < 0 {
            _ = try await end.value
        } else if await end.value(within: .seconds(limit)) == nil {
            try await killAndWait(end)
        }
        event("stop")
    }

    /// SIGKILL, and the end of the run.
    func killAndWait(_ end: Promise<End>) async throws {
        for _ in 0..<3 {
            if !record.isRunning { return }
            do { try await kill(signal: Signals.kill) } catch let error as EngineError where error.status == 409 {}
            if await end.value(within: .seconds(5)) != nil { return }
        }
        throw EngineError(500, "container \(id) did not end after SIGKILL")
    }

    /// Stops and starts.
    func restart(timeout: Int?, signal: String?) async throws {
        isRestarting = true
        defer { isRestarting = false }
        do { try await stop(timeout: timeout, signal: signal) } catch let error as EngineError where error.status == 304
        {}
        do { try await start() } catch let error as EngineError where error.status == 304 {}
        event("restart")
    }

    /// Stops all processes until `unpause`.
    func pause() async throws {
        guard record.isRunning else { throw EngineError.notRunning(id) }
        guard record.phase != .paused else { throw EngineError(409, "container \(id) is already paused") }
        do { try await services.manager.pause(id) } catch { throw EngineError.from(error) }
        try await update { $0.phase = .paused }
        event("pause")
    }

    /// Lets them go on.
    func unpause() async throws {
        guard record.phase == .paused else { throw EngineError(409, "container \(id) is not paused") }
        do { try await services.manager.resume(id) } catch { throw EngineError.from(error) }
        try await update { $0.phase = .running }
        event("unpause")
    }

    /// Sets the size of the terminal.
    func resize(width: Int, height: Int) async throws {
        guard record.isRunning else { throw EngineError.notRunning(id) }
        do {
            try await services.manager.resize(id, exec: nil, width: width, height: height)
        } catch { throw EngineError.from(error) }
        event("resize", ["height": "\(height)", "width": "\(width)"])
    }

    // MARK: removal

    /// Removes the container with all that is its own.
    ///
    /// - Throws: `EngineError` with 409 when it runs and `force` is false, or when it is being removed.
    func remove(force: Bool, volumes: Bool) async throws {
        guard !isRemoving else { throw EngineError(409, "removal of container \(id) is already in progress") }
        // No start begins from here on; one that is under way would leave a task that nobody knows any more.
        isRemoving = true
        await settle()
        if record.isRunning, !force {
            isRemoving = false
            let state = record.phase == .paused ? "paused" : "running"
            let advice = state == "paused" ? "unpause" : "stop"
            throw EngineError(
                409,
                "cannot remove container \"\(record.name)\": container is \(state): "
                    + "\(advice) the container before removing or force remove")
        }
        if record.isRunning {
            do { try await killAndWait(nextEnd) } catch {
                isRemoving = false
                throw error
            }
        }
        await lifecycle.withLock { await removeNow(volumes: volumes) }
    }

    /// Removes the container; the caller holds the lock. A crash in the middle is made up for at the next start, for the
    /// record goes last.
    func removeNow(volumes: Bool) async {
        isRemoving = true
        if record.phase != .removing { try? await update { $0.phase = .removing } }
        hub.finish(forever: true)
        for exec in execs.values { await exec.containerEnded() }
        await discard()
        if volumes {
            for mount in record.mounts where mount.anonymous {
                if let name = mount.point.name { try? await services.volumes.remove(name) }
            }
        }
        await forget(self)
        event("destroy")
        removal.fulfill(End(code: record.exitCode))
    }
}
