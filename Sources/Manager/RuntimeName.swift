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
        for folder in folders where access(folder.appending(name).string, X_OK) == 0 { return folder.appending(name) }
        // The code is containerd's.
        throw RPCError(
            .unknown,
            "failed to resolve runtime path: runtime \"\(runtime)\" binary not installed \"\(name)\": file does not exist"
        )
    }

    /// A program by its path or by its name on PATH, as execvp(3) finds it; nil when it is not there.
    static func program(_ name: String) -> FilePath? {
        let candidates = name.contains("/") ? [FilePath(name)] : searched.map { $0.appending(name) }
        return candidates.first { access($0.string, X_OK) == 0 }
    }

    private static var folders: [FilePath] {
        (ownProgram.map { [$0.removingLastComponent()] } ?? []) + searched
    }

    private static var searched: [FilePath] {
        (environment("PATH") ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":").filter { $0.hasPrefix("/") }
            .map { FilePath(String($0)) }
    }

    /// The path of the running program.
    static var ownProgram: FilePath? {
        var path = [CChar](repeating: 0, count: 4097)
        let length = readlink("/proc/self/exe", &path, 4096)
        return length > 0 ? FilePath(platformString: path) : nil
    }
}
