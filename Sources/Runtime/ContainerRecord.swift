import Host
import OCISpec
import SystemPackage

/// What runu remembers of a container from one call to the next: `state.json` in the container's folder.
struct ContainerRecord: Sendable, Codable {
    var ociVersion: String
    var id: String
    var bundle: String
    var rootfs: String
    /// RFC 3339.
    var created: String
    /// The user who made the container.
    var owner: UInt32
    var annotations: [String: String]?
    /// The container's first process, as the host numbers it.
    var pid: Int32
    /// When it started, in clock ticks since boot: pids are used again.
    var pidStartTime: UInt64
    var kernelPid: Int32
    var kernelStartTime: UInt64
    /// argv of the first process, to name it when it cannot be executed.
    var arguments: [String]?
    /// Those that are still to be run.
    var hooks: RuntimeSpec.Hooks?
    /// What `update` starts from.
    var resources: RuntimeSpec.Resources?

    static func path(in folder: FilePath) -> FilePath { folder.appending("state.json") }

    /// - Throws: `RuntimeError` when there is none, or one that cannot be read.
    init(in folder: FilePath) throws {
        guard let bytes = try readFile(ContainerRecord.path(in: folder)) else { throw RuntimeError.doesNotExist }
        do {
            self = try JSON.decode(from: bytes)
        } catch {
            throw RuntimeError("\(ContainerRecord.path(in: folder)): \(error)")
        }
    }

    init(id: String, bundle: Bundle, kernelPid: Int32) {
        ociVersion = bundle.spec.ociVersion
        self.id = id
        self.bundle = bundle.path.string
        rootfs = bundle.root?.string ?? bundle.path.appending("rootfs").string
        created = Clock.now(fraction: true)
        owner = Processes.effectiveUser
        annotations = bundle.spec.annotations
        pid = 0
        pidStartTime = 0
        self.kernelPid = kernelPid
        kernelStartTime = Processes.startTime(of: kernelPid) ?? 0
        hooks = bundle.spec.hooks
        resources = bundle.spec.linux?.resources
    }

    // The state does not outlive a boot of the host, so it need not survive one either.
    func write(in folder: FilePath) throws {
        try AtomicFile.write(try JSON.encode(self), to: ContainerRecord.path(in: folder))
    }
}
