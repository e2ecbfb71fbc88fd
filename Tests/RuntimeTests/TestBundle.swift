import Glibc
import Host
import OCISpec
import SystemPackage
import Testing

/// A bundle in a folder of its own, which goes with it.
final class TestBundle {
    let path: FilePath
    var spec = RuntimeSpec.default(arguments: ["true"])

    init() throws {
        var template = Array("/tmp/runtime-tests-XXXXXX".utf8CString)
        path = FilePath(String(cString: try #require(mkdtemp(&template))))
        try Folders.make(path.appending("rootfs"))
    }

    func write() throws {
        try AtomicFile.write(try JSON.encode(spec), to: path.appending("config.json"))
    }

    deinit {
        let pid = try? Spawn("/bin/rm", arguments: ["rm", "-rf", path.string]).start()
        if let pid { waitpid(pid, nil, 0) }
    }
}
