import Glibc
import Host
import RPC
import SystemPackage

/// Finds the shim of a runtime by containerd's naming rule: `io.containerd.runu.v2` is `containerd-shim-runu-v2`.
package enum RuntimeName {
    /// The name of the shim's program; nil when `runtime` is no such name.
    package static func binary(_ runtime: String) -> String? {
        let parts = runtime.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count >= 2, parts.allSatisfy({ !$0.isEmpty }), !runtime.contains("/") else { return nil }
        return "containerd-shim-\(parts[parts.count - 2])-\(parts[parts.count - 1])"
    }

    /// The shim's program: beside this one, else on PATH; an absolute path is taken as it is.
    ///
    /// - Throws: `RPCError` (not found).
    package static func resolve(_ runtime: String) throws -> FilePath {
        if runtime.hasPrefix("/") {
            guard access(runtime, X_OK) == 0 else {
                throw RPCError(.notFound, "failed to resolve runtime path: \(runtime): no such file or directory")
            }
            return FilePath(runtime)
        }
        guard let name = binary(runtime) else {
            throw RPCError(
                .invalidArgument,
                "failed to resolve runtime path: invalid runtime name \(runtime), correct runtime name should be either "
                    + "format like `io.containerd.runc.v1` or a full path to the binary")
        }
        if let program = Processes.companion(name) { return program }
        // The code is containerd's.
        throw RPCError(
            .unknown,
            "failed to resolve runtime path: runtime \"\(runtime)\" binary not installed \"\(name)\": file does not exist"
        )
    }
}
