import Glibc
import Host
import SystemPackage

/// A container's root as the mounts of its snapshot describe it, for looking up a few files such as /etc/passwd. Symbolic
/// links stay within the root.
package struct RootView: Sendable {
    /// The folders that lie over one another, uppermost first.
    package let layers: [FilePath]

    /// The root that `mounts` (a `bind` or an `overlay`) describe.
    package init(_ mounts: [ManagedMount]) {
        var layers: [FilePath] = []
        for mount in mounts {
            if mount.type == "overlay" {
                for option in mount.options where option.hasPrefix("upperdir=") {
                    layers.append(FilePath(String(option.dropFirst(9))))
                }
                for option in mount.options where option.hasPrefix("lowerdir=") {
                    layers += option.dropFirst(9).split(separator: ":").map { FilePath(String($0)) }
                }
            } else {
                layers.append(FilePath(mount.source))
            }
        }
        self.layers = layers
    }

    /// The host's path of a file inside, all symbolic links followed; nil when there is none.
    package func find(_ path: String) -> FilePath? {
        walk(path, followLast: true).flatMap { $0.isEmpty ? layers.first : lookup($0) }
    }

    /// The path inside without symbolic links; nil when there is nothing.
    func resolve(_ path: String, followLast: Bool) -> String? {
        walk(path, followLast: followLast).map { "/" + $0.joined(separator: "/") }
    }

    private func walk(_ path: String, followLast: Bool) -> [String]? {
        var pending = path.split(separator: "/").map(String.init)[...]
        var done: [String] = []
        var links = 0
        while let part = pending.popFirst() {
            if part == "." { continue }
            if part == ".." {
                _ = done.popLast()
                continue
            }
            guard let place = lookup(done + [part]) else { return nil }
            var status = stat()
            guard lstat(place.string, &status) == 0 else { return nil }
            if status.st_mode & S_IFMT == S_IFLNK, followLast || !pending.isEmpty {
                links += 1
                guard links < 40, let target = readLink(place.string) else { return nil }
                if target.hasPrefix("/") { done = [] }
                pending = (target.split(separator: "/").map(String.init) + pending)[...]
                continue
            }
            done.append(part)
        }
        return done
    }

    private func lookup(_ parts: [String]) -> FilePath? {
        for layer in layers {
            var place = layer
            for (index, part) in parts.enumerated() {
                if exists(place.appending(".wh." + part)) { return nil }
                if index > 0, exists(place.appending(".wh..wh..opq")), !exists(place.appending(part)) { return nil }
                place = place.appending(part)
            }
            var status = stat()
            guard lstat(place.string, &status) == 0 else { continue }
            if status.st_mode & S_IFMT == S_IFCHR, status.st_rdev == 0 { return nil }
            return place
        }
        return nil
    }

    private func exists(_ path: FilePath) -> Bool {
        var status = stat()
        return lstat(path.string, &status) == 0
    }

    /// The text of a file; nil when there is none.
    package func text(_ path: String) -> String? { find(path).flatMap { readSmallFile($0.string) } }
}
