import KernelProtocol
import Runtime

/// Lines of a bundle's rootfs.fstab.
enum FstabTarget: FuzzTarget {
    static let name = "fstab"

    static func run(_ bytes: UnsafeRawBufferPointer) {
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            guard let line = try? FstabLine(line) else { continue }
            _ = try? RootSpecification(line)
        }
    }
}
