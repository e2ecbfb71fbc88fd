import Host
import SystemPackage

/// Where the kernel's program is.
enum KernelProgram {
    /// `$UKERNEL`, or `ukernel` beside this program, or on PATH.
    static func find() throws -> FilePath {
        if let named = environment("UKERNEL") { return FilePath(named) }
        if let found = Processes.companion("ukernel") { return found }
        throw RuntimeError("ukernel is neither beside runu nor on PATH; set UKERNEL to its path")
    }
}
