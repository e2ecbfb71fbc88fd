import EngineAPI
import Foundation
import Host
import OCISpec

extension Engine {
    /// `GET /containers/{id}/json`.
    public func inspect(_ name: String, size: Bool) async throws -> ContainerInspect {
        let container = try container(name)
        var result = await container.inspect()
        if size {
            let own = try? await services.manager.snapshotSize(container.id)
            result.sizeRw = own
            result.sizeRootFs = (own ?? 0) + ((try? await services.images.resolve(result.image).image.size) ?? 0)
        }
        return result
    }

    /// `GET /containers/json`.
    ///
    /// - Throws: `EngineError` with 400 for a filter that is not known.
    public func list(all: Bool, limit: Int?, size: Bool, filters: Filters) async throws -> [ContainerSummary] {
        let known: Set<String> = [
            "ancestor", "before", "expose", "exited", "health", "id", "isolation", "is-task", "label", "name",
            "network", "publish", "since", "status", "volume",
        ]
        if let wrong = filters.values.keys.sorted().first(where: { !known.contains($0) }) {
            throw EngineError(400, "invalid filter '\(wrong)'")
        }
        for state in filters["status"]
        where !["created", "running", "paused", "restarting", "removing", "exited", "dead"].contains(state) {
            throw EngineError(400, "invalid filter 'status=\(state)'")
        }
        var records: [ContainerRecord] = []
        for container in containers.values { records.append(await container.record) }
        records.sort { ($0.created, $0.id) > ($1.created, $1.id) }
        let before = try filters["before"].first.map { try container($0).id }
        let since = try filters["since"].first.map { try container($0).id }
        if let since, let index = records.firstIndex(where: { $0.id == since }) { records = Array(records[..<index]) }
        if let before, let index = records.firstIndex(where: { $0.id == before }) {
            records = Array(records[(index + 1)...])
        }
        let everything =
            all || limit.map { $0 > 0 } ?? false || !filters["status"].isEmpty || !filters["exited"].isEmpty
        let ancestors = try await ancestorIDs(filters["ancestor"])
        var result: [ContainerSummary] = []
        for record in records {
            guard everything || record.isRunning, record.passes(filters) else { continue }
            if let ancestors, !ancestors.contains(record.imageID) { continue }
            var summary = record.summary()
            if size {
                let own = try? await services.manager.snapshotSize(record.id)
                summary.sizeRw = own ?? 0
                summary.sizeRootFs = (own ?? 0) + ((try? await services.images.resolve(record.imageID).image.size) ?? 0)
            }
            result.append(summary)
            if let limit, limit > 0, result.count == limit { break }
        }
        return result
    }

    private func ancestorIDs(_ names: [String]) async throws -> Set<String>? {
        guard !names.isEmpty else { return nil }
        var ids: Set<String> = []
        for name in names { if let found = try? await services.images.resolve(name) { ids.insert(found.image.id) } }
        return ids
    }
}

extension Container {
    /// `GET /containers/{id}/json`.
    func inspect() async -> ContainerInspect {
        var result = ContainerInspect()
        result.id = id
        result.created = record.created
        result.path = record.path
        result.args = record.arguments
        result.state = record.state
        result.image = record.imageID
        result.resolvConfPath = folder.appending("resolv.conf").string
        result.hostnamePath = folder.appending("hostname").string
        result.hostsPath = folder.appending("hosts").string
        result.logPath = logPath.string
        result.name = "/" + record.name
        result.restartCount = record.restartCount
        result.driver = services.configuration.snapshotter
        result.platform = "linux"
        result.hostConfig = record.hostConfig
        result.graphDriver.name = services.configuration.snapshotter
        result.mounts = record.mounts.map(\.point).filter { $0.type != "tmpfs" || true }
        result.config = record.config
        result.networkSettings = record.networkSettings
        var running: [String] = []
        for exec in execs.values where await exec.running { running.append(exec.id) }
        result.execIDs = running.isEmpty ? nil : running.sorted()
        return result
    }
}

extension ContainerRecord {
    /// The state's name.
    var statusName: String {
        switch phase {
        case .making, .created: "created"
        case .running, .ending: "running"
        case .paused: "paused"
        // One that could not be started counts as created, as it does with docker.
        case .exited: started == Timestamp.zero.description ? "created" : "exited"
        case .removing: "removing"
        }
    }

    var state: ContainerState {
        var state = ContainerState()
        state.status = statusName
        state.running = isRunning
        state.paused = phase == .paused
        state.oomKilled = outOfMemory
        state.pid = isRunning ? pid : 0
        state.exitCode = exitCode
        state.error = error
        state.startedAt = started
        state.finishedAt = finished
        return state
    }

    var networkSettings: NetworkSettings {
        var settings = NetworkSettings()
        settings.ports = Dictionary(
            (config.exposedPorts ?? [:]).keys.map { ($0, nil) },
            uniquingKeysWith: { (first: [PortBinding]?, _) in first })
        settings.networks = networks
        return settings
    }

    var networks: [String: EndpointSettings] {
        let name = hostConfig.networkMode
        var endpoint = networking.endpoints[name] ?? EndpointSettings()
        endpoint.networkID = BuiltInNetworks.id(name)
        return [name: endpoint]
    }

    func summary() -> ContainerSummary {
        var summary = ContainerSummary()
        summary.id = id
        summary.names = ["/" + name]
        summary.image = config.image
        summary.imageID = imageID
        summary.command = ([path] + arguments).map { word in
            word.contains { " \t\n'\"".contains($0) } ? "'\(word.replacing("'", with: "'\\''"))'" : word
        }.joined(separator: " ")
        summary.created = Timestamp(created)?.seconds ?? 0
        summary.ports = (config.exposedPorts ?? [:]).keys.sorted().compactMap { text in
            let parts = text.split(separator: "/")
            guard let number = parts.first.flatMap({ UInt16($0) }) else { return nil }
            var port = ContainerSummary.Port()
            port.privatePort = number
            port.type = parts.count > 1 ? String(parts[1]) : "tcp"
            return port
        }
        summary.labels = config.labels ?? [:]
        summary.state = statusName
        summary.status = StatusText.status(of: self)
        summary.hostConfig.networkMode = hostConfig.networkMode
        summary.networkSettings = ContainerSummary.Networks(networks: networks)
        summary.mounts = mounts.map(\.point)
        return summary
    }

    /// Whether the container passes the filters of `GET /containers/json` that its record can answer.
    func passes(_ filters: Filters) -> Bool {
        func any(_ filter: String, _ test: (String) -> Bool) -> Bool {
            filters[filter].isEmpty || filters[filter].contains(where: test)
        }
        return any("id") { id.hasPrefix($0) } && any("name") { ContainerRecord.matches(name, $0) }
            && any("status") { statusName == $0 }
            && any("exited") { phase == .exited && Int($0) == exitCode }
            && any("volume") { wanted in
                mounts.contains {
                    $0.point.name == wanted || $0.point.destination == wanted || $0.point.source == wanted
                }
            }
            && any("network") {
                hostConfig.networkMode == $0 || BuiltInNetworks.id(hostConfig.networkMode).hasPrefix($0)
            }
            && any("expose") { wanted in
                (config.exposedPorts ?? [:]).keys.contains { $0 == wanted || $0 == wanted + "/tcp" }
            } && any("health") { $0 == "none" } && any("is-task") { $0 == "false" } && any("publish") { _ in false }
            && filters["label"].allSatisfy { label in
                let parts = label.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
                guard let value = config.labels?[parts[0]] else { return false }
                return parts.count == 1 || parts[1] == value
            }
    }

    /// Whether a name fits a pattern: a regular expression anywhere in it, with or without the slash.
    private static func matches(_ name: String, _ pattern: String) -> Bool {
        guard let expression = try? Regex(pattern) else { return name == pattern }
        return name.firstMatch(of: expression) != nil || "/\(name)".firstMatch(of: expression) != nil
    }
}
