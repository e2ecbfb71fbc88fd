import CFiles
import Glibc
import Host
import SystemPackage

/// How much a mount may hold (tmpfs(5), size), and what it did when that was looked at last.
struct SpaceLimit {
    /// Bytes.
    let size: UInt64
    fileprivate var used: UInt64 = 0
    /// Nanoseconds of the monotonic clock from which on the figure is too old.
    fileprivate var goodUntil: UInt64 = 0

    /// From mount options such as `size=64m` or `size=10%`; nil where there is none, or none that is understood.
    init?(options: [String]) {
        guard let text = options.last(where: { $0.hasPrefix("size=") })?.dropFirst(5) else { return nil }
        guard let number = UInt64(text.prefix { $0.isNumber }) else { return nil }
        let (unit, shift): (UInt64, UInt64) =
            switch text.drop(while: { $0.isNumber }).lowercased() {
            case "": (1, 0)
            case "k": (1, 10)
            case "m": (1, 20)
            case "g": (1, 30)
            case "%": (UInt64(max(0, sysconf(CInt(_SC_PHYS_PAGES)))) * 4096 / 100, 0)
            default: (0, 0)
            }
        guard unit > 0, number > 0, number <= (UInt64(Int64.max) / unit) >> shift else { return nil }
        size = (number * unit) << shift
    }
}

/// Writes go to the host's files by themselves, so that a limit is kept where files are made, opened for writing or given a
/// size: a file that is open can outgrow it.
extension FileSystem {
    /// - Throws: `ENOSPC` when what the mount holds has reached its limit, or would with `more` bytes.
    func demandSpace(on mount: Mount, for more: UInt64 = 1) throws(Errno) {
        guard mount.space != nil, mount.tree != nil else { return }
        if usedSpace(of: mount) + more > mount.space!.size { throw Errno(rawValue: ENOSPC) }
    }

    /// Bytes in a limited mount's files.
    func usedSpace(of mount: Mount) -> UInt64 {
        guard var space = mount.space, let place = mount.tree?.places.first else { return 0 }
        let begin = MonotonicTime.now()
        if begin < space.goodUntil { return space.used }
        space.used = FileSystem.measure(place.descriptor)
        let end = MonotonicTime.now()
        space.goodUntil = end + max(5_000_000, (end - begin) * 20)
        mount.space = space
        return space.used
    }

    /// Bytes of memory in the container's tmpfs mounts; 0 where the host keeps them on a disk.
    package func temporaryMemory() -> UInt64 {
        let begin = MonotonicTime.now()
        if begin < temporaryGoodUntil { return temporaryUsed }
        var bytes = [UInt8](repeating: 0, count: 256)
        let isMemory =
            ukf_statfs(scratch, &bytes) > 0 && bytes.withUnsafeBytes { $0.load(as: UInt64.self) } == 0x0102_1994
        temporaryUsed = isMemory ? FileSystem.measure(scratch) : 0
        let end = MonotonicTime.now()
        temporaryGoodUntil = isMemory ? end + max(20_000_000, (end - begin) * 50) : UInt64.max
        return temporaryUsed
    }

    /// Bytes on the host of all files below a folder. Nobody's tree is so large that it takes long: the rest is not counted.
    private static func measure(_ root: CInt) -> UInt64 {
        var total: UInt64 = 0
        var folders: [[UInt8]] = [Array(".".utf8)]
        var seen = 0
        while let path = folders.popLast(), seen < 50_000 {
            let folder = try? withCString(path) { name throws(Errno) in
                try check(ukf_open(root, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0))
            }
            guard let folder else { continue }
            defer { close(folder) }
            for entry in (try? readEntries(folder)) ?? [] {
                seen += 1
                if entry.type == .folder { folders.append(path + [UInt8(ascii: "/")] + entry.name.bytes) }
                var stat = ukf_stat()
                if ukf_stat(folder, entry.name.string, AT_SYMLINK_NOFOLLOW, &stat) == 0 { total += stat.blocks * 512 }
            }
        }
        return total
    }
}
