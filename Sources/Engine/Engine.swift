import EngineAPI
import Glibc
import Host
import Logging
import SystemPackage

/// The engine behind the API: containers, images, volumes, networks, events. It is the same to every front: calls take and give
/// the API's types and throw `EngineError`.
public actor Engine {
    /// The engine's configuration.
    public nonisolated let configuration: EngineConfiguration
    /// The engine's events.
    public nonisolated let events: EventLog
    nonisolated let services: Services
    /// The daemon's own id.
    nonisolated let identifier: String
    /// The lock on the data root.
    nonisolated let lock: FileDescriptor

    var containers: [String: Container] = [:]
    /// Ids by name: a name is taken from the moment somebody asks for it.
    var names: [String: String] = [:]
    var execs: [String: Exec] = [:]

    /// Opens the data root and takes up the containers of earlier runs.
    ///
    /// - Throws: `EngineError` when another daemon uses the data root or the manager is not to be reached; `HostError` and the
    ///   database's errors.
    public init(configuration: EngineConfiguration, manager: any ManagerConnection, logger: Logger) async throws {
        self.configuration = configuration
        try Folders.make(configuration.dataRoot)
        try Folders.make(configuration.execRoot)
        try Folders.make(configuration.containersFolder)
        lock = try Engine.lock(configuration.dataRoot)
        let store = try EngineStore(folder: configuration.dataRoot)
        identifier = try store.fact("id") { NameGenerator.uuid() }
        events = EventLog(path: configuration.dataRoot.appending("events.jsonl"))
        let volumes = try VolumeStore(folder: configuration.volumesFolder, store: store, events: events)
        let poller = try Poller()
        poller.start()
        services = Services(
            configuration: configuration, store: store, manager: manager, images: ImageStore(manager: manager),
            volumes: volumes, events: events, poller: poller, logger: logger)
        try await recover()
    }

    /// One daemon per data root.
    private static func lock(_ folder: FilePath) throws -> FileDescriptor {
        let path = folder.appending("lock").string
        let fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard fd >= 0 else { throw HostError.last("open", path) }
        guard flock(fd, LOCK_EX | LOCK_NB) == 0 else {
            close(fd)
            throw EngineError(500, "another ukd uses \(folder): stop it, or give this one another --data-root")
        }
        return FileDescriptor(rawValue: fd)
    }

    private func recover() async throws {
        let tasks: [TaskState]
        do { tasks = try await services.manager.tasks() } catch {
            throw EngineError(
                503, "the manager does not answer at \(configuration.managerSocket): start ukmanager first (\(error))")
        }
        let byID = Dictionary(tasks.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        let (records, unreadable) = try services.store.containers()
        for id in unreadable { services.logger.error("the record cannot be read", metadata: ["container": "\(id)"]) }
        for record in records {
            containers[record.id] = makeContainer(record)
            names[record.name] = record.id
        }
        await withTaskGroup(of: Void.self) { group in
            for container in containers.values {
                group.addTask { await container.recover(task: byID[container.id]) }
            }
        }
        for (name, id) in names where containers[id] == nil { names[name] = nil }
        listenForOutOfMemory()
    }

    private nonisolated func listenForOutOfMemory() {
        let stream = services.manager.outOfMemory()
        Task { [weak self] in
            for await id in stream { await self?.containers[id]?.ranOutOfMemory() }
        }
    }

    func makeContainer(_ record: ContainerRecord) -> Container {
        Container(record: record, services: services) { [weak self] in await self?.forget($0) }
    }

    private func forget(_ container: Container) async {
        containers[container.id] = nil
        let name = await container.name
        if names[name] == container.id { names[name] = nil }
        for (id, exec) in execs where exec.containerID == container.id { execs[id] = nil }
    }

    // MARK: lookup

    /// The container that a name, an id or the beginning of one means.
    ///
    /// - Throws: `EngineError` with 404 in moby's words; 400 when a beginning fits several.
    func container(_ name: String) throws -> Container {
        if let container = containers[name] { return container }
        let plain = name.hasPrefix("/") ? String(name.dropFirst()) : name
        if let id = names[plain], let container = containers[id] { return container }
        guard !name.isEmpty else { throw EngineError(400, "No container name or ID supplied") }
        let matches = containers.keys.filter { $0.hasPrefix(name) }
        guard matches.count <= 1 else { throw EngineError(400, "Multiple IDs found with provided prefix: \(name)") }
        guard let id = matches.first, let container = containers[id] else { throw EngineError.noSuchContainer(name) }
        return container
    }

    /// Takes a name for a container.
    ///
    /// - Throws: `EngineError` with 409 in moby's words when it is in use, 400 when it is none.
    func reserve(_ name: String, for id: String) throws {
        guard Engine.isName(name) else {
            throw EngineError(
                400, "Invalid container name (\(name)), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed")
        }
        if let other = names[name], other != id {
            throw EngineError(
                409,
                "Conflict. The container name \"/\(name)\" is already in use by container \"\(other)\". "
                    + "You have to remove (or rename) that container to be able to reuse that name.")
        }
        names[name] = id
    }

    private static func isName(_ name: String) -> Bool { VolumeStore.isValid(name) }

    // MARK: changes

    /// `POST /containers/{id}/start`.
    public func start(_ name: String) async throws {
        let container = try container(name)
        try await shielded { try await container.start() }
    }

    /// `POST /containers/{id}/stop`.
    public func stop(_ name: String, timeout: Int?, signal: String?) async throws {
        let container = try container(name)
        try await shielded { try await container.stop(timeout: timeout, signal: signal) }
    }

    /// `POST /containers/{id}/restart`.
    public func restart(_ name: String, timeout: Int?, signal: String?) async throws {
        let container = try container(name)
        try await shielded { try await container.restart(timeout: timeout, signal: signal) }
    }

    /// `POST /containers/{id}/kill`; the signal is a name or a number.
    public func kill(_ name: String, signal: String?) async throws {
        let number = try signal.map { try Signals.number($0) } ?? Signals.kill
        let container = try container(name)
        try await shielded {
            if number == Signals.kill {
                // As docker does, do not answer before it is dead; but no longer than it takes to say so.
                let end = await container.nextEnd
                try await container.kill(signal: number)
                _ = await end.value(within: .seconds(10))
            } else {
                try await container.kill(signal: number)
            }
        }
    }

    /// `POST /containers/{id}/pause`.
    public func pause(_ name: String) async throws {
        let container = try container(name)
        try await shielded { try await container.pause() }
    }

    /// `POST /containers/{id}/unpause`.
    public func unpause(_ name: String) async throws {
        let container = try container(name)
        try await shielded { try await container.unpause() }
    }

    /// `POST /containers/{id}/resize`.
    public func resize(_ name: String, width: Int, height: Int) async throws {
        try await container(name).resize(width: width, height: height)
    }

    /// `DELETE /containers/{id}`.
    public func remove(_ name: String, force: Bool, volumes: Bool) async throws {
        let container = try container(name)
        try await shielded { try await container.remove(force: force, volumes: volumes) }
    }

    /// `POST /containers/{id}/rename`.
    public func rename(_ name: String, to newName: String) async throws {
        let container = try container(name)
        let plain = newName.hasPrefix("/") ? String(newName.dropFirst()) : newName
        guard !plain.isEmpty else { throw EngineError(400, "Neither old nor new names may be empty") }
        let old = await container.name
        guard plain != old else {
            throw EngineError(400, "Renaming a container with the same name as its current name")
        }
        try reserve(plain, for: container.id)
        do {
            try await shielded {
                try await container.update(isDurable: true) { $0.name = plain }
                await container.event("rename", ["oldName": "/\(old)"])
            }
        } catch {
            names[plain] = nil
            throw error
        }
        if names[old] == container.id { names[old] = nil }
    }

    // MARK: waiting and streams

    /// Begins to wait; the wait is on when the call returns.
    public func wait(_ name: String, for condition: WaitCondition) async throws -> ContainerWait {
        ContainerWait(promise: await (try container(name)).end(condition))
    }

    /// `POST /containers/{id}/attach`.
    public func attach(_ name: String, stdin: Bool, stdout: Bool, stderr: Bool, logs: Bool, stream: Bool) async throws
        -> Attachment
    {
        let container = try container(name)
        var attachment = try await container.attach(
            stdin: stdin, stdout: stdout, stderr: stderr, logs: logs, stream: stream)
        if logs {
            var options = LogOptions()
            options.stdout = stdout
            options.stderr = stderr
            attachment.past = try await container.pastFrames(options)
        }
        return attachment
    }

    /// `GET /containers/{id}/logs`: calls `body` with what there is to send.
    public func logs(
        _ name: String, options: LogOptions, begin: @Sendable (_ terminal: Bool) async throws -> Void,
        send: @Sendable ([Frame]) async throws -> Void
    ) async throws {
        guard options.stdout || options.stderr else {
            throw EngineError(400, "Bad parameters: you must choose at least one stream")
        }
        let container = try container(name)
        try await container.copyLog(options, begin: begin, send: send)
    }
}

/// A wait for a container's end.
public struct ContainerWait: Sendable {
    let promise: Promise<Container.End>

    /// The end.
    ///
    /// - Throws: `CancellationError`.
    public var response: ContainerWaitResponse {
        get async throws {
            let end = try await promise.value
            return ContainerWaitResponse(
                statusCode: Int64(end.code),
                error: end.error.isEmpty ? nil : ContainerWaitResponse.WaitError(message: end.error))
        }
    }
}

extension Container {
    /// The log so far.
    nonisolated func pastFrames(_ options: LogOptions) async throws -> [Frame] {
        let reader = try await logSource(options).open()
        var all: [Frame] = []
        while let frames = try await reader.next() { all += frames }
        return all
    }

    /// Reads the log, outside the actor: a client that is slow holds up nobody.
    nonisolated func copyLog(
        _ options: LogOptions, begin: @Sendable (Bool) async throws -> Void,
        send: @Sendable ([Frame]) async throws -> Void
    ) async throws {
        let source = try await logSource(options)
        let reader = try source.open()
        try await begin(source.terminal)
        while let frames = try await reader.next() { try await send(frames) }
    }
}

extension Engine {
    /// Gives the data root and the containers' output up without a word to anybody, as if the daemon had been killed; for
    /// tests.
    package func abandon() async {
        for container in containers.values { await container.streams?.leave() }
        try? lock.close()
    }
}
