import Glibc
import Host
import SystemPackage

/// Where the kernel's program is.
enum KernelProgram {
    /// `$UKERNEL`, or `ukernel` beside this program, or on PATH.
    static func find() throws -> FilePath {
        if let named = environment("UKERNEL") { return FilePath(named) }
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = readlink("/proc/self/exe", &buffer, buffer.count)
        if length > 0 {
            let this = String(decoding: buffer.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let beside = FilePath(this).removingLastComponent().appending("ukernel")
            if access(beside.string, X_OK) == 0 { return beside }
        }
        for folder in (environment("PATH") ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":") {
            let candidate = FilePath(String(folder)).appending("ukernel")
            if access(candidate.string, X_OK) == 0 { return candidate }
        }
        throw RuntimeError("ukernel is neither beside runu nor on PATH; set UKERNEL to its path")
    }
}
