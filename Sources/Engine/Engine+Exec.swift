import EngineAPI
import OCISpec

extension Engine {
    /// `POST /containers/{id}/exec`.
    public func createExec(_ name: String, request: ExecCreateRequest) async throws -> IDResponse {
        let container = try container(name)
        guard !(request.cmd ?? []).isEmpty else { throw EngineError(400, "No exec command specified") }
        await container.settle()
        let record = await container.record
        guard record.isRunning else { throw EngineError.notRunning(container.id) }
        guard record.phase != .paused else {
            throw EngineError(409, "container \(container.id) is paused, unpause the container before exec")
        }
        await forgetOldExecs()
        let exec = Exec(id: NameGenerator.identifier(), container: container, request: request) { action, attributes in
            await container.event(action, attributes)
        }
        execs[exec.id] = exec
        await container.add(exec)
        await container.event(
            "exec_create: \((request.cmd ?? []).joined(separator: " "))", ["execID": exec.id])
        return IDResponse(id: exec.id)
    }

    /// Execs that ended minutes ago are forgotten, as moby does; until then clients ask for the exit code.
    private func forgetOldExecs() async {
        guard execs.count > 64 else { return }
        let limit = Timestamp(seconds: Timestamp.now.seconds - 300)
        for (id, exec) in execs {
            guard let ended = await exec.ended, ended < limit else { continue }
            execs[id] = nil
            await containers[exec.containerID]?.forget(exec: id)
        }
    }

    private func exec(_ id: String) throws -> Exec {
        guard let exec = execs[id] else { throw EngineError(404, "No such exec instance: \(id)") }
        return exec
    }

    /// The first half of `POST /exec/{id}/start`: checks, and attaches unless `detach`.
    public func beginExec(_ id: String, detach: Bool) async throws -> Attachment? {
        let exec = try exec(id)
        guard let container = containers[exec.containerID], await container.record.isRunning else {
            throw EngineError.notRunning(exec.containerID)
        }
        try await exec.begin()
        guard !detach else { return nil }
        let request = exec.request
        return Attachment(
            output: exec.hub.subscribe(stdout: request.attachStdout, stderr: request.attachStderr), past: [],
            input: request.attachStdin ? exec.sink() : nil, terminal: request.tty)
    }

    /// The second half: starts the process.
    public func startExec(_ id: String, consoleSize: [Int]?) async throws {
        let exec = try exec(id)
        guard let container = containers[exec.containerID] else {
            throw EngineError.noSuchContainer(exec.containerID)
        }
        try await shielded {
            let process: RuntimeSpec.Process
            do {
                process = try await container.execProcess(exec.request, consoleSize: consoleSize)
            } catch {
                // A user or group that is not there, as moby counts it.
                await exec.fail(126)
                throw error
            }
            try await exec.start(process: process)
        }
    }

    /// `GET /exec/{id}/json`.
    public func inspectExec(_ id: String) async throws -> ExecInspect { try await exec(id).inspect() }

    /// `POST /exec/{id}/resize`.
    public func resizeExec(_ id: String, width: Int, height: Int) async throws {
        try await exec(id).resize(width: width, height: height)
    }
}

extension Container {
    func add(_ exec: Exec) { execs[exec.id] = exec }
    func forget(exec id: String) { execs[id] = nil }

    /// The process of an exec: the container's own, changed where the client says so.
    func execProcess(_ request: ExecCreateRequest, consoleSize: [Int]?) async throws -> RuntimeSpec.Process {
        let mounts = try await mounts()
        let builder = SpecBuilder(record: record, folder: folder, root: RootView(mounts))
        var process = try builder.process(
            arguments: request.cmd ?? [],
            environment: SpecBuilder.merge(record.config.env ?? [], request.env ?? []),
            user: request.user.isEmpty ? record.config.user : request.user,
            workingDirectory: request.workingDir.isEmpty ? record.config.workingDir : request.workingDir,
            terminal: request.tty, privileged: request.privileged || record.hostConfig.privileged,
            consoleSize: consoleSize ?? request.consoleSize)
        process.noNewPrivileges = nil
        return process
    }
}
