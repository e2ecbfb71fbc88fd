// Unsafe pointers: mkdtemp(3) and mkstemp(3) write the name into their argument.
import Glibc
import SystemPackage

/// Files and folders under names that nobody else has. Who makes them removes them.
public enum Temporary {
    /// Makes a folder in `parent` that only its owner can enter; its name is `prefix` and six characters.
    public static func folder(in parent: FilePath, prefix: String = "") throws -> FilePath {
        var name = template(parent, prefix)
        guard mkdtemp(&name) != nil else { throw HostError.last("create a folder in", parent.string) }
        return FilePath(platformString: name)
    }

    /// Makes an empty file in `parent` that only its owner can read and write; its name is `prefix` and six characters.
    public static func file(in parent: FilePath, prefix: String = "") throws -> (
        path: FilePath, descriptor: FileDescriptor
    ) {
        var name = template(parent, prefix)
        let descriptor = mkstemp(&name)
        guard descriptor >= 0 else { throw HostError.last("create a file in", parent.string) }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        return (FilePath(platformString: name), FileDescriptor(rawValue: descriptor))
    }

    private static func template(_ parent: FilePath, _ prefix: String) -> [CChar] {
        Array(parent.appending(prefix + "XXXXXX").string.utf8CString)
    }
}
