import EngineAPI
import OCISpec
import SystemPackage

extension Engine {
    /// `POST /containers/create`.
    ///
    /// - Parameter name: nil for a name of the engine's choice.
    public func create(name: String?, request: ContainerCreateRequest) async throws -> ContainerCreateResponse {
        try Engine.check(request)
        let (image, imageName) = try await services.images.resolve(request.config.image)
        let id = NameGenerator.identifier()
        let chosen = try chooseName(name, id: id)
        var mounts: [ContainerRecord.MountRecord] = []
        do {
            var record = try Engine.record(id: id, name: chosen, request: request, image: image)
            record.imageName = imageName ?? image.names.first?.name ?? ""
            record.mounts = try await MountPlanner(volumes: services.volumes).plan(
                host: record.hostConfig, config: record.config)
            mounts = record.mounts
            let container = makeContainer(record)
            let source = image.names.first ?? ManagedImage(name: record.imageName, target: image.target)
            try await shielded { try await container.make(image: source) }
            containers[id] = container
            await container.event("create")
            return ContainerCreateResponse(id: id, warnings: Engine.warnings(record))
        } catch {
            names[chosen] = nil
            for mount in mounts where mount.anonymous {
                if let name = mount.point.name { try? await services.volumes.remove(name) }
            }
            throw EngineError.from(error)
        }
    }

    private func chooseName(_ name: String?, id: String) throws -> String {
        if let name {
            let plain = name.hasPrefix("/") ? String(name.dropFirst()) : name
            try reserve(plain, for: id)
            return plain
        }
        var attempt = 0
        while true {
            let name = NameGenerator.make(attempt: attempt)
            if names[name] == nil {
                names[name] = id
                return name
            }
            attempt += 1
        }
    }

    /// Refuses what cannot be done before anything is made.
    private static func check(_ request: ContainerCreateRequest) throws {
        let host = request.hostConfig
        guard !request.config.image.isEmpty else { throw EngineError(400, "no image specified") }
        if host.memory > 0, host.memory < 6 << 20 { throw EngineError(400, "Minimum memory limit allowed is 6MB") }
        if host.memory < 0 { throw EngineError(400, "invalid memory limit: \(host.memory)") }
        if host.nanoCpus < 0 { throw EngineError(400, "invalid number of CPUs: \(host.nanoCpus)") }
        let policy = host.restartPolicy
        guard ["", "no", "always", "unless-stopped", "on-failure"].contains(policy.name) else {
            throw EngineError(
                400,
                "invalid restart policy: unknown policy '\(policy.name)'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'"
            )
        }
        if host.autoRemove, !["", "no"].contains(policy.name) {
            throw EngineError(400, "can't create 'AutoRemove' container with restart policy")
        }
        if let signal = request.config.stopSignal, !signal.isEmpty { _ = try Signals.number(signal) }
        if let directory = Optional(request.config.workingDir), !directory.isEmpty, !directory.hasPrefix("/") {
            throw EngineError(400, "the working directory '\(directory)' is invalid, it needs to be an absolute path")
        }
        if let runtime = host.runtime, !runtime.isEmpty, !["runu", "io.containerd.runu.v2"].contains(runtime) {
            throw EngineError(400, "unknown or invalid runtime name: \(runtime)")
        }
        guard ["", "json-file", "none"].contains(host.logConfig.type) else {
            throw EngineError(400, "logger: no log driver named '\(host.logConfig.type)' is registered")
        }
        if let from = host.volumesFrom, !from.isEmpty { throw EngineError.notImplemented("VolumesFrom") }
        for mode in [host.pidMode, host.ipcMode, host.networkMode] where mode.hasPrefix("container:") {
            throw EngineError.notImplemented("sharing with \(mode)")
        }
        guard ["", "default", "bridge", "host", "none"].contains(host.networkMode) else {
            throw EngineError(404, "network \(host.networkMode) not found")
        }
    }

    /// What was asked for and is not kept, for the client to print.
    private static func warnings(_ record: ContainerRecord) -> [String] {
        var warnings: [String] = []
        if record.hostConfig.portBindings.values.contains(where: { !($0 ?? []).isEmpty })
            || record.hostConfig.publishAllPorts
        {
            warnings.append("Published ports are not implemented yet: the container's network is the host's.")
        }
        if !["", "no"].contains(record.hostConfig.restartPolicy.name) {
            warnings.append("Restart policies are not implemented yet: the container is not started again by itself.")
        }
        if record.hostConfig.useInit == true { warnings.append("Init is not implemented yet: the command is pid 1.") }
        return warnings
    }

    /// The record of a container: what the client asked for over what the image says.
    static func record(
        id: String, name: String, request: ContainerCreateRequest, image: ResolvedImage
    ) throws -> ContainerRecord {
        var config = request.config
        var host = request.hostConfig
        let base = image.configuration.config ?? ImageConfiguration.Config()
        // A command of the client's goes with the image's entry point; an entry point of the client's, with its own command.
        if config.entrypoint == nil || config.entrypoint == [] {
            if config.cmd == nil || config.cmd == [] { config.cmd = base.cmd }
            if config.entrypoint == nil { config.entrypoint = base.entrypoint }
        }
        // The API's way to take the image's entry point away is a list of one empty word.
        if config.entrypoint == [""] { config.entrypoint = nil }
        config.env = SpecBuilder.merge(base.env ?? [], config.env ?? [])
        if config.workingDir.isEmpty { config.workingDir = base.workingDir ?? "" }
        if !config.workingDir.isEmpty { config.workingDir = FilePath(config.workingDir).lexicallyNormalized().string }
        if config.user.isEmpty { config.user = base.user ?? "" }
        if config.stopSignal?.isEmpty ?? true { config.stopSignal = base.stopSignal }
        config.labels = (base.labels ?? [:]).merging(config.labels ?? [:]) { $1 }
        let ports = Dictionary((base.exposedPorts ?? [:]).keys.map { ($0, EmptyObject()) }, uniquingKeysWith: { $1 })
            .merging(config.exposedPorts ?? [:]) { $1 }
        config.exposedPorts = ports.isEmpty ? nil : ports
        let places = Dictionary((base.volumes ?? [:]).keys.map { ($0, EmptyObject()) }, uniquingKeysWith: { $1 })
            .merging(config.volumes ?? [:]) { $1 }
        config.volumes = places.isEmpty ? nil : places
        if config.hostname.isEmpty {
            config.hostname = host.utsMode == "host" || host.networkMode == "host" ? hostName() : String(id.prefix(12))
        }
        if host.networkMode.isEmpty || host.networkMode == "default" { host.networkMode = "bridge" }
        if host.logConfig.type.isEmpty { host.logConfig.type = "json-file" }
        if host.ipcMode.isEmpty { host.ipcMode = "private" }
        if host.cgroupnsMode.isEmpty { host.cgroupnsMode = "private" }
        if host.shmSize == 0 { host.shmSize = 64 << 20 }
        if host.restartPolicy.name.isEmpty { host.restartPolicy.name = "no" }
        if host.runtime?.isEmpty ?? true { host.runtime = "runu" }
        let words = (config.entrypoint ?? []) + (config.cmd ?? [])
        guard let path = words.first, !path.isEmpty else { throw EngineError(400, "no command specified") }
        var record = ContainerRecord(
            id: id, name: name, created: Timestamp.now.description, config: config, hostConfig: host,
            networking: request.networkingConfig, imageID: image.id, parentSnapshot: image.chainID, path: path,
            arguments: Array(words.dropFirst()))
        record.imageName = image.names.first?.name ?? ""
        return record
    }

    /// `POST /containers/{id}/update`: limits and the restart policy; they count from the next start on.
    public func update(_ name: String, request: ContainerUpdateRequest) async throws -> ContainerUpdateResponse {
        let container = try container(name)
        let new = request.resources
        if new.memory > 0, new.memory < 6 << 20 { throw EngineError(400, "Minimum memory limit allowed is 6MB") }
        let running = await container.record.isRunning
        try await container.update(isDurable: true) { record in
            if new.memory != 0 { record.hostConfig.memory = new.memory }
            if new.memorySwap != 0 { record.hostConfig.memorySwap = new.memorySwap }
            if new.memoryReservation != 0 { record.hostConfig.memoryReservation = new.memoryReservation }
            if new.cpuShares != 0 { record.hostConfig.cpuShares = new.cpuShares }
            if new.nanoCpus != 0 { record.hostConfig.nanoCpus = new.nanoCpus }
            if new.cpuPeriod != 0 { record.hostConfig.cpuPeriod = new.cpuPeriod }
            if new.cpuQuota != 0 { record.hostConfig.cpuQuota = new.cpuQuota }
            if !new.cpusetCpus.isEmpty { record.hostConfig.cpusetCpus = new.cpusetCpus }
            if let limit = new.pidsLimit { record.hostConfig.pidsLimit = limit }
            if request.hasRestartPolicy, !new.restartPolicy.name.isEmpty {
                record.hostConfig.restartPolicy = new.restartPolicy
            }
        }
        await container.event("update")
        return ContainerUpdateResponse(
            warnings: running ? ["Limits of a running container change at its next start."] : [])
    }
}
