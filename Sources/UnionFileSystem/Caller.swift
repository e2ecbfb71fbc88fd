/// On whose behalf a path is looked up.
public struct Caller {
    public var root: Node
    public var folder: Node
    public var credentials: Credentials
    /// The process's number inside the container, for /proc/self.
    public var process: Int32
    /// The host's numbers of the process and of its thread.
    public var hostProcess: Int32
    public var hostThread: Int32

    public init(
        root: Node, folder: Node, credentials: Credentials, process: Int32, hostProcess: Int32, hostThread: Int32
    ) {
        self.root = root
        self.folder = folder
        self.credentials = credentials
        self.process = process
        self.hostProcess = hostProcess
        self.hostThread = hostThread
    }
}
