/// On whose behalf a path is looked up.
package struct Caller {
    package var root: Node
    package var folder: Node
    package var credentials: Credentials
    /// The process's number inside the container, for /proc/self.
    package var process: Int32
    /// The host's numbers of the process and of its thread.
    package var hostProcess: Int32
    package var hostThread: Int32

    package init(
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
