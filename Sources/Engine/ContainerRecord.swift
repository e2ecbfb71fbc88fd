import EngineAPI

/// What is kept of a container between two runs of the daemon.
struct ContainerRecord: Codable, Sendable {
    /// The states that last. What a container is about to do is not one of them.
    enum Phase: String, Codable, Sendable {
        /// Being made: after a crash it is removed.
        case making
        case created, running, paused, exited
        /// The run has ended and its exit code is written; what is left of it is being cleared away.
        case ending
        /// Its removal has begun: after a crash it goes on.
        case removing
    }

    /// A volume or a path of the host that is mounted.
    struct MountRecord: Codable, Sendable {
        var point: MountPoint
        /// Whether the volume was made for this container and has no name of its own.
        var anonymous = false
        var tmpfs: Mount.TmpfsOptions?
        var options: [String] = []
    }

    var id: String
    /// Without the slash.
    var name: String
    var created: String
    var config: ContainerConfig
    var hostConfig: HostConfig
    var networking = NetworkingConfig()
    /// The image's id (`sha256:...` of its configuration).
    var imageID: String
    /// The image's full name at the manager; empty when it was named by id.
    var imageName = ""
    /// The snapshot that the container's own lies over.
    var parentSnapshot: String
    var path: String
    var arguments: [String]
    var mounts: [MountRecord] = []

    var phase = Phase.making
    var pid = 0
    var exitCode = 0
    var error = ""
    var outOfMemory = false
    var started = Timestamp.zero.description
    var finished = Timestamp.zero.description
    /// Whether somebody asked for the stop, for restart policies.
    var stoppedByHand = false
    var restartCount = 0

    var isRunning: Bool { phase == .running || phase == .paused || phase == .ending }
    var terminal: Bool { config.tty }
}
