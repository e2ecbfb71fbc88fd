import EngineAPI
import Glibc
import Host
import SystemPackage

/// The volumes of the one driver, `local`: folders under the daemon's data root. Options such as `type=nfs` would need a
/// mount and are refused.
actor VolumeStore {
    private let folder: FilePath
    private let store: EngineStore
    private let events: EventLog
    private var records: [String: VolumeRecord]

    /// Reads the records.
    init(folder: FilePath, store: EngineStore, events: EventLog) throws {
        self.folder = folder
        self.store = store
        self.events = events
        records = Dictionary(try store.volumes().map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        try Folders.make(folder)
    }

    nonisolated func path(_ name: String) -> FilePath { folder.appending(name).appending("_data") }

    func all() -> [Volume] { records.values.sorted { $0.name < $1.name }.map(describe) }

    /// - Throws: `EngineError` with 404 `get NAME: no such volume`.
    func get(_ name: String) throws -> Volume {
        guard let record = records[name] else { throw EngineError(404, "get \(name): no such volume") }
        return describe(record)
    }

    func isAnonymous(_ name: String) -> Bool { records[name]?.anonymous ?? false }

    /// Makes a volume, or finds it when it is there. An empty name becomes a random one.
    func create(name: String, driver: String = "local", options: [String: String] = [:], labels: [String: String] = [:])
        async throws -> Volume
    {
        guard driver.isEmpty || driver == "local" else {
            throw EngineError(404, "error looking up volume plugin \(driver): plugin \"\(driver)\" not found")
        }
        if let option = options.keys.sorted().first {
            throw EngineError(400, "volume option \"\(option)\" needs a mount, which this engine does without")
        }
        let anonymous = name.isEmpty
        let name = anonymous ? NameGenerator.identifier() : name
        if let record = records[name] { return describe(record) }
        guard VolumeStore.isValid(name) else {
            throw EngineError(
                400,
                "create \(name): \"\(name)\" includes invalid characters for a local volume name, only "
                    + "\"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, use absolute path"
            )
        }
        try Folders.make(path(name))
        chmod(path(name).string, 0o755)
        let record = VolumeRecord(
            name: name, created: Timestamp(seconds: Timestamp.now.seconds).description, labels: labels,
            options: options, anonymous: anonymous)
        records[name] = record
        try await store.save(record)
        events.publish(type: "volume", action: "create", id: name, attributes: ["driver": "local"])
        return describe(record)
    }

    /// Removes a volume and its files.
    ///
    /// - Throws: `EngineError` with 404.
    func remove(_ name: String) async throws {
        guard records[name] != nil else { throw EngineError(404, "get \(name): no such volume") }
        try await store.deleteVolume(name)
        records[name] = nil
        let place = folder.appending(name)
        try await FileTree.remove(place)
        events.publish(type: "volume", action: "destroy", id: name, attributes: ["driver": "local"])
    }

    private func describe(_ record: VolumeRecord) -> Volume {
        var volume = Volume()
        volume.name = record.name
        volume.driver = "local"
        volume.mountpoint = path(record.name).string
        volume.createdAt = record.created
        volume.labels = record.labels
        volume.scope = "local"
        volume.options = record.options
        return volume
    }

    static func isValid(_ name: String) -> Bool {
        guard let first = name.utf8.first, name.utf8.count >= 2, name.utf8.count <= 200 else { return false }
        func plain(_ byte: UInt8) -> Bool {
            (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte)
        }
        return plain(first) && name.utf8.allSatisfy { plain($0) || [45, 46, 95].contains($0) }
    }
}
