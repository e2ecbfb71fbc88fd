import Archive
import Glibc
import SystemPackage

/// Layers, unpacked: nothing may appear or change outside of the layer's folder, whatever the archive says.
enum LayerTarget: FuzzTarget {
    static let name = "layer"

    /// The places of a run: the layer and one below it in a folder with a file that must stay as it is.
    private static let place: FilePath = {
        let template = strdup("/dev/shm/ukfuzz-XXXXXX")!
        return FilePath(String(cString: mkdtemp(template)))
    }()
    private static let limits = LayerUnpacker.Limits(entries: 200, bytes: 1 << 20, depth: 32)

    static func run(_ bytes: UnsafeRawBufferPointer) {
        let archive = [UInt8](bytes)
        let (layer, below) = (place.appending("layer"), place.appending("below"))
        prepare(layer, below)
        for below in [[], [below]] {
            do {
                let reader = try ArchiveReader(source: ByteSources.bytes(archive))
                _ = try LayerUnpacker(into: layer, below: below, limits: limits).unpack(reader)
            } catch {}
            precondition(names(place) == ["below", "canary", "layer"], "something appeared: \(names(place))")
            precondition(names(below.first ?? place.appending("below")) == ["folder", "link"])
            precondition(content(place.appending("canary")) == "untouched", "the canary was written to")
        }
    }

    private static func prepare(_ layer: FilePath, _ below: FilePath) {
        for folder in [layer, below] {
            remove(folder)
            mkdir(folder.string, 0o700)
        }
        mkdir(below.appending("folder").string, 0o700)
        symlink("../canary", below.appending("link").string)
        let canary = try? FileDescriptor.open(
            place.appending("canary"), .writeOnly, options: [.create, .truncate], permissions: .ownerReadWrite)
        _ = try? canary?.closeAfter { try canary?.writeAll("untouched".utf8) }
    }

    private static func remove(_ path: FilePath) {
        for name in names(path) {
            let child = path.appending(name)
            if unlink(child.string) != 0 { remove(child) }
        }
        rmdir(path.string)
    }

    private static func names(_ folder: FilePath) -> [String] {
        guard let stream = opendir(folder.string) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    private static func content(_ path: FilePath) -> String {
        guard let file = try? FileDescriptor.open(path, .readOnly) else { return "" }
        defer { try? file.close() }
        var text = [UInt8](repeating: 0, count: 64)
        let count = (try? text.withUnsafeMutableBytes { try file.read(into: $0) }) ?? 0
        return String(decoding: text.prefix(count), as: UTF8.self)
    }
}
