import Glibc
import OCISpec
import SystemPackage

extension ContainerStore {
    /// The name of a container's host where its configuration gives none, after its UTS namespace: that of the container
    /// whose namespace it is to join (pods), or this host's where it has none of its own; nil: nothing says.
    func sharedHostname(_ spec: RuntimeSpec) -> String? {
        guard let namespace = spec.linux?.namespaces?.first(where: { $0.type == "uts" }) else { return hostname() }
        // As engines name it: /proc/PID/ns/uts.
        guard let parts = namespace.path?.split(separator: "/"), parts.first == "proc", parts.count == 4,
            let pid = Int32(parts[1])
        else { return nil }
        guard let other = try? containers().first(where: { $0.record.pid == pid }) else {
            return pid == 1 || pid == getpid() ? hostname() : nil
        }
        return try? Bundle(FilePath(other.record.bundle)).spec.hostname
    }

    private func hostname() -> String? {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return nil }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
