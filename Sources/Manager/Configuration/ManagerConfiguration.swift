import Glibc
import Host
import Logging
import SystemPackage

/// Where a manager listens and keeps what it knows.
public struct ManagerConfiguration: Sendable {
    /// The gRPC socket. Shims publish to a socket beside it, whose name ends in `.ttrpc`.
    public var address: FilePath
    /// Content, snapshots, metadata: what outlives a boot.
    public var root: FilePath
    /// Bundles: what does not outlive a boot.
    public var state: FilePath
    /// A user who may use the gRPC socket beside the manager's own, as the socket's owner.
    public var user: uid_t?
    /// A group whose members may use the gRPC socket beside the manager's own user.
    public var group: gid_t?
    /// Bytes that a gRPC message may have.
    public var maximumMessageSize = 16 << 20
    /// What is added to the manager's chance of being killed when memory runs out: oom_score_adj of proc(5).
    public var oomScore = 0
    /// Parts that are not started, by containerd's names: `TYPE.ID`, or the id alone.
    public var disabledPlugins: Set<String> = []
    /// Parts without which the manager refuses to start.
    public var requiredPlugins: Set<String> = []
    var collection = CollectionSettings()
    var timeouts = ShimTimeouts()
    /// Where figures of the program are told.
    package var debug = SocketSettings()
    /// Where figures are told to Prometheus, as `HOST:PORT`; nil: nowhere.
    package var metricsAddress: String?
    /// Whether Prometheus is told how long calls took.
    package var hasCallDurations = false
    /// Programs that make layers of other media types ones that can be unpacked, in the order in which they are asked.
    package var streamProcessors: [StreamProcessor] = []
    /// The program that shims may call to publish an event (`ukmanager ... publish`).
    public var publishBinary: FilePath?

    /// Where clients install programs from images; nil: below `root`.
    package var installFolder: FilePath?

    /// The places of the calling user.
    public init(folders: Folders = .current) {
        address = folders.managerSocket
        root = folders.data.appending("manager")
        state = folders.runtime.appending("manager")
    }

    /// Where clients install programs from images, which are then found there.
    package var installs: FilePath { installFolder ?? root.appending("opt") }

    /// Makes the folder that `installs` names, and puts it first where programs and their libraries are looked for.
    ///
    /// To be called before anybody else looks at the environment. Where there can be no such folder, nothing can be installed.
    func admitInstalls() {
        guard isEnabled(PluginType.internal, "opt") else { return }
        for (name, variable) in [("bin", "PATH"), ("lib", "LD_LIBRARY_PATH")] {
            let folder = installs.appending(name)
            guard (try? Folders.make(folder)) != nil else { continue }
            let others = environment(variable).flatMap { $0.isEmpty ? nil : ":\($0)" } ?? ""
            setenv(variable, folder.string + others, 1)
        }
    }

    func isEnabled(_ type: String, _ id: String) -> Bool {
        disabledPlugins.isDisjoint(with: [id, "\(type).\(id)"])
    }

    /// The socket to which shims publish their events.
    public var eventsAddress: FilePath { FilePath(address.string + ".ttrpc") }
}
