import CFiles
import Glibc
import SystemPackage
import Testing
import UnionFileSystem

/// Random calls on a union of layers and on a plain folder of the host must have the same results.
@Suite struct ComparisonTests {
    private struct Random: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 16 ^ state << 40
        }
    }

    private static let names = ["a", "b", "c", "d", "e"]

    private static func path(_ random: inout Random) -> String {
        let parts = (0..<Int.random(in: 1...3, using: &random)).map { _ in names.randomElement(using: &random)! }
        return "/" + parts.joined(separator: "/") + (Int.random(in: 0..<20, using: &random) == 0 ? "/" : "")
    }

    /// Fills a plain folder, and layers that look the same when they lie over one another.
    private static func fill(_ sample: Sample, _ plain: String, _ folder: String, depth: Int, _ random: inout Random) {
        for name in names {
            let path = folder + "/" + name
            let kind = Int.random(in: 0..<10, using: &random)
            let layer = Int.random(in: 0..<sample.layers.count, using: &random)
            switch kind {
            case 0..<3:
                // Something that an upper layer removed.
                if kind == 0, layer > 0 {
                    sample.write("removed", sample.layers[layer] + path)
                    sample.write("", sample.layers[layer - 1] + folder + "/.wh." + name)
                }
            case 3..<6 where depth < 3:
                sample.makeHostFolder(plain + path)
                sample.makeHostFolder(sample.layers[layer] + path)
                if kind == 3 { sample.makeHostFolder(sample.layers[sample.layers.count - 1] + path) }
                fill(sample, plain, path, depth: depth + 1, &random)
            case 9:
                sample.makeHostFolder(sample.layers[layer] + folder)
                _ = Glibc.symlink("b", plain + path)
                _ = Glibc.symlink("b", sample.layers[layer] + path)
            default:
                sample.write(path, plain + path)
                sample.write(path, sample.layers[layer] + path)
                if layer + 1 < sample.layers.count { sample.write("hidden", sample.layers[layer + 1] + path) }
            }
        }
    }

    /// What a call came to: `ok`, a value, or the error's number.
    private static func inside(_ body: () throws(Errno) -> String) -> String {
        do throws(Errno) { return try body() } catch { return "errno \(error.rawValue)" }
    }

    private static func outside(_ result: CInt) -> String { result < 0 ? "errno \(-result)" : "ok" }

    private static func describe(_ stat: ukf_stat) -> String {
        let type = FileType(mode: stat.mode)
        return type == .folder ? "folder" : "\(type) \(stat.size) \(stat.nlink) \(stat.mode & 0o777)"
    }

    private static func names(_ path: String) -> String {
        let descriptor = ukf_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0)
        guard descriptor >= 0, let folder = fdopendir(descriptor) else { return outside(descriptor) }
        defer { closedir(folder) }
        var found: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { found.append("\(name) \(entry.pointee.d_type)") }
        }
        return found.sorted().joined(separator: ",")
    }

    /// One call on both sides; its name and both results.
    private static func step(_ sample: Sample, _ plain: String, _ random: inout Random) -> (String, String, String) {
        let (one, two) = (path(&random), path(&random))
        let (host, other) = (plain + one, plain + two)
        switch Int.random(in: 0..<12, using: &random) {
        case 0:
            return (
                "mkdir \(one)",
                inside { () throws(Errno) in
                    try sample.mkdir(at: one); return "ok"
                },
                outside(ukf_mkdir(AT_FDCWD, host, 0o755))
            )
        case 1:
            return (
                "rmdir \(one)",
                inside { () throws(Errno) in
                    try sample.rmdir(one); return "ok"
                },
                outside(ukf_unlink(AT_FDCWD, host, AT_REMOVEDIR))
            )
        case 2:
            return (
                "unlink \(one)",
                inside { () throws(Errno) in
                    try sample.unlink(one); return "ok"
                },
                outside(ukf_unlink(AT_FDCWD, host, 0))
            )
        case 3, 4:
            return (
                "rename \(one) \(two)",
                inside { () throws(Errno) in
                    try sample.rename(one, two); return "ok"
                },
                outside(ukf_rename(AT_FDCWD, host, AT_FDCWD, other, 0))
            )
        case 5:
            let flags = UInt32.random(in: 1...2, using: &random)
            return (
                "renameat2 \(one) \(two) \(flags)",
                inside { () throws(Errno) in
                    try sample.rename(one, two, flags: flags); return "ok"
                },
                outside(ukf_rename(AT_FDCWD, host, AT_FDCWD, other, flags))
            )
        case 6:
            return (
                "link \(one) \(two)",
                inside { () throws(Errno) in
                    try sample.link(one, two); return "ok"
                },
                outside(ukf_link(AT_FDCWD, host, AT_FDCWD, other))
            )
        case 7:
            return (
                "symlink \(one)",
                inside { () throws(Errno) in
                    try sample.symlink("c/d", one); return "ok"
                },
                outside(ukf_symlink("c/d", AT_FDCWD, host))
            )
        case 8:
            let flags = O_CREAT | O_WRONLY | (Bool.random(using: &random) ? O_TRUNC : O_EXCL)
            let file = ukf_open(AT_FDCWD, host, flags, 0o644)
            if file >= 0 {
                _ = Glibc.write(file, one, one.utf8.count)
                close(file)
            }
            return (
                "create \(one) \(flags)",
                inside { () throws(Errno) in
                    try sample.put(one, one, flags: flags); return "ok"
                },
                outside(file)
            )
        case 9:
            return (
                "list \(one)",
                inside { () throws(Errno) in
                    let node = try sample.node(one)
                    guard node.isFolder else { throw .notDirectory }
                    return try sample.files.list(node, for: sample.caller).map {
                        "\($0.name.string) \($0.type.rawValue)"
                    }
                    .sorted().joined(separator: ",")
                }, names(host)
            )
        case 10:
            var stat = ukf_stat()
            let result = ukf_stat(AT_FDCWD, host, AT_SYMLINK_NOFOLLOW, &stat)
            return (
                "stat \(one)", inside { () throws(Errno) in describe(try sample.stat(one)) },
                result < 0 ? outside(result) : describe(stat)
            )
        default:
            let file = ukf_open(AT_FDCWD, host, O_RDONLY, 0)
            defer { if file >= 0 { close(file) } }
            return (
                "read \(one)", inside { () throws(Errno) in try sample.read(one) },
                file < 0 ? outside(file) : sample.content(file)
            )
        }
    }

    @Test(arguments: 0..<24) func randomCallsHaveTheHostsResults(seed: Int) throws {
        let sample = Sample(layers: 3)
        let plain = sample.folder + "/plain"
        sample.makeHostFolder(plain)
        var random = Random(state: UInt64(seed + 1) &* 0x9e37_79b9_7f4a_7c15)
        Self.fill(sample, plain, "", depth: 0, &random)
        try sample.start()
        var history: [String] = []
        for index in 0..<400 {
            // A kernel that comes later sees the same.
            if index % 150 == 149 { try sample.start() }
            let (call, inside, outside) = Self.step(sample, plain, &random)
            history.append("\(call) -> \(outside)")
            guard inside == outside else {
                Issue.record("\(call): \(inside) inside, \(outside) on the host, after \(history.suffix(8))")
                return
            }
        }
    }
}
