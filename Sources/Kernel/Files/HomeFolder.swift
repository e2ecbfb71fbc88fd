import Glibc
import KernelProtocol
import SystemPackage
import UnionFileSystem

extension ContainerFiles {
    /// `process` with a `HOME`: where it has none, that of its user in the container's /etc/passwd, else `/`, as runc
    /// sets it.
    func withHome(_ process: ProcessSpecification) -> ProcessSpecification {
        guard !process.environment.contains(where: { $0.hasPrefix("HOME=") && $0.utf8.count > 5 }) else {
            return process
        }
        var process = process
        process.environment.removeAll { $0 == "HOME=" }
        process.environment.append("HOME=\(home(of: process.uid) ?? "/")")
        return process
    }

    private func home(of uid: UInt32) -> String? {
        for line in passwords().split(separator: "\n") {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            if fields.count > 5, UInt32(fields[2]) == uid { return fields[5].isEmpty ? nil : String(fields[5]) }
        }
        return nil
    }

    /// The container's /etc/passwd, up to a megabyte; empty where there is none.
    private func passwords() -> String {
        let caller = system.kernelCaller()
        guard
            case .node(let node)? = try? system.resolve(
                Array("/etc/passwd".utf8), from: system.root, for: caller, .followLast
            ).place, node.type == .file,
            case .descriptor(let descriptor)? = try? system.open(node, for: caller, flags: O_RDONLY)
        else { return "" }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while bytes.count < 1 << 20 {
            let n = chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if n <= 0 { break }
            bytes += chunk[..<n]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
