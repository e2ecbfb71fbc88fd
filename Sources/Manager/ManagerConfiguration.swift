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
    /// The program that shims may call to publish an event (`ukmanager ... publish`).
    public var publishBinary: FilePath?

    /// The places of the calling user.
    public init(folders: Folders = .current) {
        address = folders.managerSocket
        root = folders.data.appending("manager")
        state = folders.runtime.appending("manager")
    }

    /// The socket to which shims publish their events.
    public var eventsAddress: FilePath { FilePath(address.string + ".ttrpc") }
}
