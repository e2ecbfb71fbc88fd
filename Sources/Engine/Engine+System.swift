import EngineAPI
import Glibc
import Host
import OCISpec

extension Engine {
    /// `GET /version`; API versions are the HTTP side's to fill in.
    public func version(newest: String, oldest: String) async -> SystemVersion {
        let system = Engine.system
        let manager = try? await services.manager.version()
        var result = SystemVersion()
        result.platform.name = "ukontainer"
        result.version = Version.text
        result.apiVersion = newest
        result.minAPIVersion = oldest
        result.gitCommit = "unknown"
        result.goVersion = "swift"
        result.os = "linux"
        result.arch = Platform.current.architecture
        result.kernelVersion = system.release
        result.buildTime = "2026-11-24T00:00:00.000000000+00:00"
        result.components = [
            SystemVersion.Component(
                name: "Engine", version: Version.text,
                details: [
                    "ApiVersion": newest, "MinAPIVersion": oldest, "Arch": result.arch, "Os": "linux",
                    "KernelVersion": system.release, "GoVersion": "swift", "GitCommit": "unknown",
                    "BuildTime": result.buildTime, "Experimental": "false",
                ]),
            SystemVersion.Component(
                name: "containerd", version: manager?.version ?? "not reached",
                details: ["GitCommit": manager?.revision ?? ""]),
            SystemVersion.Component(name: "runu", version: Version.text, details: ["GitCommit": ""]),
        ]
        return result
    }

    /// `GET /info`.
    public func info() async -> SystemInfo {
        var info = SystemInfo()
        info.id = identifier
        for container in containers.values {
            let record = await container.record
            info.containers += 1
            switch record.phase {
            case .running, .ending: info.containersRunning += 1
            case .paused: info.containersPaused += 1
            default: info.containersStopped += 1
            }
        }
        info.images = ((try? await services.images.all()) ?? []).count
        info.driver = configuration.snapshotter
        info.driverStatus = [
            ["driver-type", "io.containerd.snapshotter.v1"], ["Mounts", "none: the kernel reads the layers"],
        ]
        info.dockerRootDir = configuration.dataRoot.string
        info.plugins.volume = ["local"]
        info.plugins.network = ["bridge", "host", "null"]
        info.plugins.log = ["json-file", "none"]
        info.memoryLimit = true
        info.cpuShares = true
        info.pidsLimit = true
        info.debug = configuration.debug
        info.fileDescriptors = ((try? Folders.names(in: "/proc/self/fd")) ?? []).count
        info.goroutines = ((try? Folders.names(in: "/proc/self/task")) ?? []).count
        info.systemTime = Timestamp.now.description
        info.loggingDriver = "json-file"
        info.cgroupDriver = "none"
        info.cgroupVersion = "2"
        info.eventsListeners = events.listeners
        let system = Engine.system
        info.kernelVersion = system.release
        info.operatingSystem = Engine.operatingSystem
        info.osType = "linux"
        info.architecture = system.machine
        info.cpus = Int(sysconf(CInt(_SC_NPROCESSORS_ONLN)))
        info.memory = Int64(sysconf(CInt(_SC_PHYS_PAGES))) * Int64(sysconf(CInt(_SC_PAGESIZE)))
        info.indexServerAddress = "https://index.docker.io/v1/"
        var registry = SystemInfo.RegistryServiceConfig()
        registry.indexConfigs["docker.io"] = SystemInfo.Index(name: "docker.io", secure: true, official: true)
        info.registryConfig = registry
        info.name = hostName()
        info.serverVersion = Version.text
        info.runtimes = ["runu": SystemInfo.Runtime(path: "runu"), "io.containerd.runu.v2": SystemInfo.Runtime()]
        info.defaultRuntime = "runu"
        info.swarm.localNodeState = "inactive"
        info.liveRestoreEnabled = true
        info.securityOptions = ["name=seccomp,profile=builtin", "name=rootless"]
        info.containerd = SystemInfo.Containerd(
            address: configuration.managerSocket.string,
            namespaces: SystemInfo.Namespaces(
                containers: configuration.namespace, plugins: "plugins." + configuration.namespace))
        return info
    }

    /// `GET /system/df`.
    public func diskUsage() async throws -> DiskUsage {
        var usage = DiskUsage()
        usage.images = try await images(filters: Filters(), all: true)
        usage.layersSize = usage.images.reduce(0) { $0 + $1.size }
        usage.containers = try await list(all: true, limit: nil, size: true, filters: Filters())
        for volume in await services.volumes.all() {
            var volume = volume
            let size = (try? await FileTree.size(services.volumes.path(volume.name))) ?? 0
            let uses = usage.containers.filter { $0.mounts.contains { $0.name == volume.name } }.count
            volume.usageData = Volume.Usage(size: size, refCount: Int64(uses))
            usage.volumes.append(volume)
        }
        return usage
    }

    // MARK: networks

    /// `GET /networks`.
    public func networks(filters: Filters) async -> [Network] {
        BuiltInNetworks.names.map { BuiltInNetworks.network($0) }.filter { network in
            (filters["name"].isEmpty || filters["name"].contains { network.name.contains($0) })
                && (filters["id"].isEmpty || filters["id"].contains { network.id.hasPrefix($0) })
                && filters.allows("driver", network.driver) && filters.allows("scope", network.scope)
                && filters.allows("type", "builtin") && filters["label"].isEmpty
                && !["true", "1"].contains(filters["dangling"].first ?? "")
        }
    }

    /// `GET /networks/{id}`.
    public func network(_ name: String) async throws -> Network {
        let all = BuiltInNetworks.names
        guard let found = all.first(where: { $0 == name || (!name.isEmpty && BuiltInNetworks.id($0).hasPrefix(name)) })
        else {
            throw EngineError(404, "network \(name) not found")
        }
        var network = BuiltInNetworks.network(found)
        for container in containers.values {
            let record = await container.record
            guard record.isRunning, record.hostConfig.networkMode == found else { continue }
            network.containers[record.id] = Network.NetworkContainer(name: record.name)
        }
        return network
    }

    // MARK: volumes

    /// `GET /volumes`.
    public func volumes(filters: Filters) async throws -> VolumeListResponse {
        let used = await usedVolumes()
        let all = await services.volumes.all().filter { volume in
            (filters["name"].isEmpty || filters["name"].contains { volume.name.contains($0) })
                && filters.allows("driver", volume.driver)
                && (filters["dangling"].first.map { ["true", "1"].contains($0) == !used.contains(volume.name) } ?? true)
                && filters["label"].allSatisfy { label in
                    let parts = label.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                        .map(String.init)
                    return volume.labels?[parts[0]].map { parts.count == 1 || parts[1] == $0 } ?? false
                }
        }
        return VolumeListResponse(volumes: all)
    }

    /// `GET /volumes/{name}`.
    public func volume(_ name: String) async throws -> Volume { try await services.volumes.get(name) }

    /// `POST /volumes/create`.
    public func createVolume(_ request: VolumeCreateRequest) async throws -> Volume {
        try await services.volumes.create(
            name: request.name, driver: request.driver, options: request.driverOpts, labels: request.labels)
    }

    /// `DELETE /volumes/{name}`.
    public func deleteVolume(_ name: String, force: Bool) async throws {
        var users: [String] = []
        for container in containers.values {
            let record = await container.record
            if record.mounts.contains(where: { $0.point.name == name }) { users.append(record.id) }
        }
        guard users.isEmpty else {
            throw EngineError(
                409, "remove \(name): volume is in use - [\(users.sorted().joined(separator: ", "))]")
        }
        do { try await services.volumes.remove(name) } catch let error as EngineError where error.status == 404 && force
        {}
    }

    /// `POST /volumes/prune`: anonymous volumes without a container; with the filter `all` the named ones, too.
    public func pruneVolumes(filters: Filters) async throws -> PruneResponse {
        let used = await usedVolumes()
        let all = ["true", "1"].contains(filters["all"].first ?? "")
        var response = PruneResponse()
        var deleted: [String] = []
        for volume in await services.volumes.all() where !used.contains(volume.name) {
            let anonymous = await services.volumes.isAnonymous(volume.name)
            guard all || anonymous else { continue }
            response.spaceReclaimed += (try? await FileTree.size(services.volumes.path(volume.name))) ?? 0
            try await services.volumes.remove(volume.name)
            deleted.append(volume.name)
        }
        response.volumesDeleted = deleted
        return response
    }

    private func usedVolumes() async -> Set<String> {
        var used: Set<String> = []
        for container in containers.values {
            for mount in await container.record.mounts { if let name = mount.point.name { used.insert(name) } }
        }
        return used
    }

    /// `POST /containers/prune`: removes all that do not run.
    public func pruneContainers(filters: Filters) async throws -> PruneResponse {
        var response = PruneResponse()
        var deleted: [String] = []
        for container in containers.values {
            let record = await container.record
            guard !record.isRunning, record.phase != .making,
                record.passes(Filters(filters.values.filter { $0.key == "label" }))
            else { continue }
            if let until = filters["until"].first.flatMap({ Timestamp($0) }), let created = Timestamp(record.created),
                created > until
            {
                continue
            }
            let size = (try? await services.manager.snapshotSize(container.id)) ?? 0
            do { try await remove(container.id, force: false, volumes: false) } catch { continue }
            deleted.append(container.id)
            response.spaceReclaimed += size
        }
        response.containersDeleted = deleted
        return response
    }

    private static var system: (release: String, machine: String) {
        var names = utsname()
        uname(&names)
        func text<T>(_ value: T) -> String {
            withUnsafeBytes(of: value) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        }
        return (text(names.release), text(names.machine))
    }

    private static var operatingSystem: String {
        let line = (readSmallFile("/etc/os-release") ?? "").split(separator: "\n").first {
            $0.hasPrefix("PRETTY_NAME=")
        }
        return line.map { $0.dropFirst(12).filter { $0 != "\"" } } ?? "Linux"
    }
}

/// The host's name.
func hostName() -> String {
    var buffer = [UInt8](repeating: 0, count: 256)
    let result = buffer.withUnsafeMutableBytes {
        gethostname($0.assumingMemoryBound(to: CChar.self).baseAddress!, $0.count - 1)
    }
    return result == 0 ? String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self) : "localhost"
}
