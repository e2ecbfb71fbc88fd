import Glibc
import Host
import SystemPackage

/// Where a shim listens: a short path whatever the bundle's is, the same for everyone who asks.
package enum ShimSocket {
    /// The path of the shim for `id`, or for the pod that it belongs to.
    ///
    /// - Parameter manager: the gRPC socket of the containerd that owns it.
    package static func path(manager: String, namespace: String, id: String) -> FilePath {
        // FNV-1a with 128 bits: the folder is the user's own, so nobody else can aim at a name in it.
        let prime: UInt128 = 1 << 88 | 0x13B
        var hash: UInt128 = 0x6C62_272E_07BB_0142_62B8_2175_6295_C58D
        for part in [manager, namespace, id] {
            for byte in Array(part.utf8) + [0] { hash = (hash ^ UInt128(byte)) &* prime }
        }
        let digits = String(hash, radix: 16)
        let name = String(repeating: "0", count: 32 - digits.utf8.count) + digits
        return Folders.current.runtime.appending("s").appending(name)
    }

    /// The path in a bundle's `address` file.
    static func path(inBundle bundle: String) -> String? {
        guard let bytes = readFile(bundle + "/address", limit: 4096) else { return nil }
        let address = String(decoding: bytes, as: UTF8.self)
        return address.hasPrefix("unix://") ? String(address.dropFirst("unix://".count)) : nil
    }
}
