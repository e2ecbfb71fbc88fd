import EngineAPI
import Host
import OCISpec
import Synchronization
import SystemPackage

/// A further process in a container.
actor Exec {
    nonisolated let id: String
    nonisolated let containerID: String
    nonisolated let request: ExecCreateRequest
    nonisolated let hub = OutputHub()
    private let services: Services
    private let folder: FilePath
    private(set) var started = false
    private(set) var running = false
    private(set) var exitCode: Int?
    private(set) var pid = 0
    private(set) var ended: Timestamp?
    private let input = Promise<ProcessStreams?>()
    private let end = Promise<Int>()
    private let report: @Sendable (String, [String: String]) async -> Void

    init(
        id: String, container: Container, request: ExecCreateRequest,
        report: @escaping @Sendable (String, [String: String]) async -> Void
    ) {
        self.id = id
        containerID = container.id
        self.request = request
        services = container.services
        folder = container.execFolder.appending("exec").appending(String(id.prefix(16)))
        self.report = report
    }

    private var command: String { (request.cmd ?? []).joined(separator: " ") }

    /// Reserves the start: an exec runs once.
    ///
    /// - Throws: `EngineError` with 409.
    func begin() throws {
        guard !started else {
            throw EngineError(409, running ? "exec \(id) is already running" : "exec command \(id) has already run")
        }
        started = true
    }

    /// Starts the process; `begin` came before.
    ///
    /// - Throws: `EngineError` with the runtime's text; the exit code is set to 126 or 127 then.
    func start(process: RuntimeSpec.Process) async throws {
        let manager = services.manager
        let detached = !(request.attachStdin || request.attachStdout || request.attachStderr)
        let streams: ProcessStreams
        do {
            streams = try ProcessStreams(
                folder: folder, stdin: request.attachStdin, stdout: !detached || request.tty,
                stderr: !detached && !request.tty, terminal: request.tty, poller: services.poller)
        } catch {
            fail(126)
            throw error
        }
        do {
            try await manager.exec(containerID, exec: id, process: process, io: streams.io)
            streams.pump(log: nil, hub: hub)
            await report("exec_start: \(command)", ["execID": id])
            pid = try await manager.start(containerID, exec: id)
            try? streams.openInput()
        } catch {
            _ = try? await manager.deleteTask(containerID, exec: id)
            await streams.finish(within: .milliseconds(200))
            let failure = StartFailure(error)
            fail(failure.code == 128 ? 126 : failure.code)
            throw failure.error
        }
        running = true
        input.fulfill(streams)
        let (container, id) = (containerID, id)
        Task {
            var code = 137
            while true {
                do {
                    code = try await manager.wait(container, exec: id).code
                    break
                } catch let error as ManagerError where error.kind != .unavailable {
                    break
                } catch { try? await Task.sleep(for: .milliseconds(200)) }
            }
            _ = try? await manager.deleteTask(container, exec: id)
            await streams.finish(within: .seconds(5))
            await finish(code)
        }
    }

    /// Ends an exec whose process could not be started, with the code that the field has for the reason.
    func fail(_ code: Int) {
        exitCode = code
        ended = .now
        input.fulfill(nil)
        end.fulfill(code)
        hub.finish(forever: true)
    }

    private func finish(_ code: Int) async {
        guard exitCode == nil else { return }
        running = false
        pid = 0
        exitCode = code
        ended = .now
        await report("exec_die", ["execID": id, "exitCode": "\(code)"])
        end.fulfill(code)
        hub.finish(forever: true)
    }

    /// The container has ended, and the exec with it.
    func containerEnded() async {
        if started, exitCode == nil {
            // The end is on its way from the manager, too; whichever comes first counts.
            if await end.value(within: .milliseconds(500)) == nil { await finish(137) }
        } else if !started {
            hub.finish(forever: true)
        }
    }

    /// Standard input, once the process runs.
    nonisolated func sink() -> InputSink {
        InputSink(closesAtEnd: true, streams: { try await self.input.value }) { [services, containerID, id] in
            try await services.manager.closeInput(containerID, exec: id)
        }
    }

    /// Sets the size of the terminal.
    func resize(width: Int, height: Int) async throws {
        // Clients send the size as soon as they are connected, which may be before the process is there.
        if started, !running, exitCode == nil { _ = await input.value(within: .seconds(10)) }
        guard running else { throw EngineError(409, "exec \(id) is not running") }
        do {
            try await services.manager.resize(containerID, exec: id, width: width, height: height)
        } catch { throw EngineError.from(error) }
    }

    func inspect() -> ExecInspect {
        var result = ExecInspect()
        result.id = id
        result.running = running
        result.exitCode = exitCode
        let words = request.cmd ?? []
        result.processConfig.tty = request.tty
        result.processConfig.entrypoint = words.first ?? ""
        result.processConfig.arguments = Array(words.dropFirst())
        result.processConfig.privileged = request.privileged
        result.processConfig.user = request.user.isEmpty ? nil : request.user
        result.openStdin = request.attachStdin
        result.openStdout = request.attachStdout
        result.openStderr = request.attachStderr
        result.canRemove = exitCode != nil
        result.containerID = containerID
        result.detachKeys = request.detachKeys
        result.pid = pid
        return result
    }
}
