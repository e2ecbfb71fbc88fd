import EngineAPI
import Glibc
import Host
import SystemPackage

/// Turns what a client asks for (`Binds`, `Mounts`, `Tmpfs`, the image's and its own `Volumes`) into mounts, making the
/// volumes that are missing.
struct MountPlanner {
    let volumes: VolumeStore

    /// The mounts, one for each place inside.
    ///
    /// - Throws: `EngineError` with 400 for a specification that cannot be read or a source that is missing.
    func plan(host: HostConfig, config: ContainerConfig) async throws -> [ContainerRecord.MountRecord] {
        var byPlace: [String: ContainerRecord.MountRecord] = [:]
        func add(_ mount: ContainerRecord.MountRecord) throws {
            let place = mount.point.destination
            guard byPlace.updateValue(mount, forKey: place) == nil else {
                throw EngineError(400, "Duplicate mount point: \(place)")
            }
        }
        for bind in host.binds ?? [] { try add(try await self.bind(bind)) }
        for mount in host.mounts ?? [] { try add(try await self.mount(mount)) }
        for (place, options) in host.tmpfs ?? [:] { try add(try tmpfs(place, options)) }
        for place in (config.volumes ?? [:]).keys.sorted() {
            let place = try inside(place)
            if byPlace[place] == nil { try add(try await volume("", place, readWrite: true, mode: "")) }
        }
        return byPlace.values.sorted { $0.point.destination < $1.point.destination }
    }

    private func bind(_ text: String) async throws -> ContainerRecord.MountRecord {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard (1...3).contains(parts.count), !parts.contains("") else {
            throw EngineError(400, "invalid volume specification: '\(text)'")
        }
        if parts.count == 1 { return try await volume("", try inside(parts[0]), readWrite: true, mode: "") }
        let mode = parts.count == 3 ? parts[2] : ""
        let options = mode.split(separator: ",").map(String.init)
        let known =
            ["ro", "rw", "z", "Z", "nocopy", "cached", "delegated", "consistent"]
            + ["rprivate", "private", "rshared", "shared", "rslave", "slave"]
        if let wrong = options.first(where: { !known.contains($0) }) {
            throw EngineError(400, "invalid mode: \(wrong)")
        }
        let readWrite = !options.contains("ro")
        let place = try inside(parts[1])
        guard parts[0].hasPrefix("/") else {
            return try await volume(parts[0], place, readWrite: readWrite, mode: mode.isEmpty ? "z" : mode)
        }
        // Docker makes a missing source; the folder belongs to the user who runs the daemon.
        var status = stat()
        if stat(parts[0], &status) != 0 {
            do {
                try Folders.make(FilePath(parts[0]))
                chmod(parts[0], 0o755)
            } catch {
                throw EngineError(400, "error while creating mount source path '\(parts[0])': \(error)")
            }
        }
        return bindMount(parts[0], place, readWrite: readWrite, mode: mode)
    }

    private func mount(_ mount: Mount) async throws -> ContainerRecord.MountRecord {
        let problem = "invalid mount config for type \"\(mount.type)\": "
        guard !mount.target.isEmpty else { throw EngineError(400, problem + "field Target must not be empty") }
        let place = try inside(mount.target)
        switch mount.type {
        case "bind":
            guard !mount.source.isEmpty else { throw EngineError(400, problem + "field Source must not be empty") }
            guard mount.source.hasPrefix("/") else {
                throw EngineError(400, problem + "invalid mount path: '\(mount.source)' mount path must be absolute")
            }
            var status = stat()
            if stat(mount.source, &status) != 0 {
                guard mount.bindOptions?.createMountpoint == true else {
                    throw EngineError(400, problem + "bind source path does not exist: \(mount.source)")
                }
                try Folders.make(FilePath(mount.source))
                chmod(mount.source, 0o755)
            }
            var record = bindMount(mount.source, place, readWrite: !mount.readOnly, mode: "")
            if let propagation = mount.bindOptions?.propagation, !propagation.isEmpty {
                record.point.propagation = propagation
            }
            return record
        case "volume":
            let options = mount.volumeOptions ?? Mount.VolumeOptions()
            var record = try await volume(
                mount.source, place, readWrite: !mount.readOnly, mode: "z", driver: options.driverConfig?.name ?? "",
                options: options.driverConfig?.options ?? [:], labels: options.labels)
            if !options.subpath.isEmpty {
                guard !options.subpath.split(separator: "/").contains("..") else {
                    throw EngineError(400, problem + "subpath must be a relative path within the volume")
                }
                record.point.source += "/" + options.subpath
            }
            return record
        case "tmpfs":
            var options: [String] = []
            if let tmpfs = mount.tmpfsOptions {
                if tmpfs.sizeBytes > 0 { options.append("size=\(tmpfs.sizeBytes)") }
                if tmpfs.mode > 0 { options.append("mode=" + String(tmpfs.mode, radix: 8)) }
            }
            if mount.readOnly { options.append("ro") }
            return try tmpfs(place, options.joined(separator: ","))
        case "image", "npipe", "cluster": throw EngineError.notImplemented("mount type \"\(mount.type)\"")
        default: throw EngineError(400, "mount type unknown: \"\(mount.type)\"")
        }
    }

    private func volume(
        _ name: String, _ place: String, readWrite: Bool, mode: String, driver: String = "",
        options: [String: String] = [:], labels: [String: String] = [:]
    ) async throws -> ContainerRecord.MountRecord {
        let volume = try await volumes.create(name: name, driver: driver, options: options, labels: labels)
        var point = MountPoint()
        point.type = "volume"
        point.name = volume.name
        point.source = volume.mountpoint
        point.destination = place
        point.driver = "local"
        point.mode = mode
        point.readWrite = readWrite
        return ContainerRecord.MountRecord(point: point, anonymous: name.isEmpty)
    }

    private func bindMount(
        _ source: String, _ place: String, readWrite: Bool, mode: String
    ) -> ContainerRecord.MountRecord {
        var point = MountPoint()
        point.type = "bind"
        point.source = source
        point.destination = place
        point.mode = mode
        point.readWrite = readWrite
        point.propagation =
            mode.split(separator: ",").map(String.init).first {
                $0.hasSuffix("private")
                    || $0.hasSuffix("shared") || $0.hasSuffix("slave")
            } ?? "rprivate"
        return ContainerRecord.MountRecord(point: point)
    }

    private func tmpfs(_ place: String, _ options: String) throws -> ContainerRecord.MountRecord {
        var point = MountPoint()
        point.type = "tmpfs"
        point.destination = try inside(place)
        let all = options.split(separator: ",").map(String.init)
        point.readWrite = !all.contains("ro")
        return ContainerRecord.MountRecord(
            point: point,
            options: ["nosuid", "nodev", "noexec"].filter { !all.contains(String($0.dropFirst(2))) }
                + all.filter { $0 != "ro" })
    }

    /// A place inside: absolute, without dots and doubled slashes, not the root.
    private func inside(_ path: String) throws -> String {
        guard path.hasPrefix("/") else {
            throw EngineError(400, "invalid mount path: '\(path)' mount path must be absolute")
        }
        let clean = FilePath(path).lexicallyNormalized().string
        guard clean != "/" else {
            throw EngineError(400, "invalid specification: destination can't be '/'")
        }
        return clean
    }
}
