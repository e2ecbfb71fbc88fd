import Host
import SystemPackage

/// Where the engine keeps its things.
public struct EngineConfiguration: Sendable {
    /// State that outlives a boot: the database, containers' files, volumes.
    public var dataRoot: FilePath
    /// Fifos and the like.
    public var execRoot: FilePath
    /// The manager's socket.
    public var managerSocket: FilePath
    /// The namespace used at the manager.
    public var namespace = "moby"
    /// The snapshotter used at the manager.
    public var snapshotter = "overlayfs"
    /// The runtime asked of the manager.
    public var runtime = "io.containerd.runu.v2"
    /// Whether the daemon logs at debug level, as `info` tells.
    public var debug = false

    /// The folders of the calling user.
    public init(folders: Folders = .current) {
        dataRoot = folders.data.appending("engine")
        execRoot = folders.runtime.appending("engine")
        managerSocket = folders.managerSocket
    }

    var containersFolder: FilePath { dataRoot.appending("containers") }
    var volumesFolder: FilePath { dataRoot.appending("volumes") }
}
