import ContainerdAPI
import RPC
import SystemPackage

/// The folders that mounts in a snapshotter's form stand for.
struct LayerMounts: Sendable, Equatable {
    /// The folder that can be written to; nil for a view.
    var upper: FilePath?
    /// The folders below, the top one first.
    var lower: [FilePath] = []

    /// All layers, the top one first.
    var layers: [FilePath] { (upper.map { [$0] } ?? []) + lower }

    /// Reads the mounts of one snapshot; no mounts stand for nothing at all.
    ///
    /// - Throws: `RPCError` (not implemented) for forms that no snapshotter here hands out.
    init(_ mounts: [Mount]) throws {
        guard let mount = mounts.last else { return }
        guard mounts.count == 1 else { throw RPCError.unimplemented("\(mounts.count) mounts in one snapshot") }
        switch mount.type {
        case "bind", "rbind":
            let folder = FilePath(mount.source)
            if mount.options.contains("ro") { lower = [folder] } else { upper = folder }
        case "overlay":
            for option in mount.options {
                guard let equals = option.firstIndex(of: "=") else { continue }
                let value = String(option[option.index(after: equals)...])
                switch option[..<equals] {
                case "upperdir": upper = FilePath(value)
                case "lowerdir": lower = value.split(separator: ":").map { FilePath(String($0)) }
                default: break
                }
            }
        default: throw RPCError.unimplemented("mount of type \(mount.type)")
        }
        for layer in layers where !layer.isAbsolute {
            throw RPCError.invalidArgument("mount of \(layer), which is no absolute path")
        }
    }
}
