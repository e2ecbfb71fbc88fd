import Host
import OCISpec
import SystemPackage
import TestSupport

/// A bundle in a folder of its own, which goes with it.
final class TestBundle {
    private let scratch = ScratchFolder()
    var path: FilePath { scratch.path }
    var spec = RuntimeSpec.default(arguments: ["true"])

    init() throws {
        try Folders.make(path.appending("rootfs"))
    }

    func write() throws {
        try AtomicFile.write(try JSON.encode(spec), to: path.appending("config.json"))
    }
}
