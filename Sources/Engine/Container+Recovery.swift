import EngineAPI
import Logging

extension Container {
    /// Takes up what the last run of the daemon left: `task` is what the manager says.
    func recover(task: TaskState?) async {
        switch record.phase {
        case .making, .removing:
            await removeTask(task)
            let volumes = record.phase == .making || record.hostConfig.autoRemove
            await lifecycle.withLock { await removeNow(volumes: volumes) }
        case .created, .exited:
            // A task may be left of a start that was not acknowledged.
            await removeTask(task)
        case .ending:
            await ended(ProcessExit(code: record.exitCode, time: Timestamp(record.finished) ?? .now))
        case .running, .paused:
            do { try await reattach(task) } catch {
                logger.error("cannot take up the container", metadata: ["error": "\(error)"])
            }
        }
    }

    private func removeTask(_ task: TaskState?) async {
        guard let task else { return }
        let manager = services.manager
        if task.status != .stopped {
            try? await manager.kill(id, exec: nil, signal: Signals.kill, all: true)
            _ = try? await manager.wait(id, exec: nil)
        }
        _ = try? await manager.deleteTask(id, exec: nil)
    }

    private func reattach(_ task: TaskState?) async throws {
        if record.hostConfig.logConfig.type != "none" { log = try ContainerLog(path: logPath) }
        guard let task else {
            await ended(ProcessExit(code: 255, time: .now))
            return
        }
        let streams = try ProcessStreams(
            folder: execFolder, stdin: record.config.openStdin, stdout: true, stderr: true,
            terminal: record.config.tty, poller: services.poller)
        streams.pump(log: log, hub: hub, reopened: true)
        self.streams = streams
        if task.status == .stopped {
            await ended(task.exit)
            return
        }
        try? streams.openInput()
        if task.pid != record.pid || (task.status == .paused) != (record.phase == .paused) {
            try await update { record in
                record.pid = task.pid
                record.phase = task.status == .paused ? .paused : .running
            }
        }
        input.fulfill(streams)
        watch()
    }
}
