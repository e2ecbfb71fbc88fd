import Host
import OCISpec
import SystemPackage

/// What runu remembers of a container from one call to the next: `state.json` in the container's folder.
package struct ContainerRecord: Sendable, Codable {
    package var ociVersion: String
    package var id: String
    package var bundle: String
    package var rootfs: String
    /// RFC 3339.
    package var created: String
    /// The user who made the container.
    package var owner: UInt32
    package var annotations: [String: String]?
    /// The container's first process, as the host numbers it; 0 until there is one.
    package var pid: Int32
    /// When it started, in clock ticks since boot: pids are used again.
    package var pidStartTime: UInt64
    package var kernelPid: Int32
    package var kernelStartTime: UInt64
    /// argv of the first process, to name it when it cannot be executed.
    package var arguments: [String]?
    /// Those that are still to be run.
    package var hooks: RuntimeSpec.Hooks?
    /// What `update` starts from.
    package var resources: RuntimeSpec.Resources?

    package static func path(in folder: FilePath) -> FilePath { folder.appending("state.json") }

    /// - Throws: `RuntimeError` when there is none, or one that cannot be read.
    package init(in folder: FilePath) throws {
        guard let bytes = try readFile(ContainerRecord.path(in: folder)) else { throw RuntimeError.doesNotExist }
        do {
            self = try JSON.decode(from: bytes)
        } catch {
            throw RuntimeError("\(ContainerRecord.path(in: folder)): \(error)")
        }
    }

    package init(id: String, bundle: Bundle, kernelPid: Int32, kernelStartTime: UInt64) {
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
        self.kernelStartTime = kernelStartTime
        hooks = bundle.spec.hooks
        resources = bundle.spec.linux?.resources
    }

    // The state does not outlive a boot of the host, so it need not survive one either.
    package func write(in folder: FilePath) throws {
        try AtomicFile.write(try JSON.encode(self), to: ContainerRecord.path(in: folder))
    }

    init(id: String, bundle: Bundle, kernel: KernelProcess) {
        self.init(id: id, bundle: bundle, kernelPid: kernel.pid, kernelStartTime: kernel.startTime)
    }
}
