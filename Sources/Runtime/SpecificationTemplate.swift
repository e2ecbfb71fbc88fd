import Glibc
import Host
import OCISpec
import SystemPackage

/// The config.json that people start from: `runu spec`.
public enum SpecificationTemplate {
    /// Writes it into `folder`.
    ///
    /// - Throws: `RuntimeError` when there is one.
    public static func write(to folder: FilePath, rootless: Bool) throws {
        let path = folder.appending("config.json")
        guard access(path.string, F_OK) != 0 else { throw RuntimeError("File config.json exists. Remove it first") }
        var spec = RuntimeSpec.default(
            arguments: ["sh"], environment: [RuntimeSpec.defaultPath, "TERM=xterm"], terminal: true,
            readonlyRoot: true, hostname: "runu")
        let capabilities = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]
        spec.process?.capabilities = RuntimeSpec.CapabilitySets(capabilities)
        spec.process?.capabilities?.ambient = capabilities
        spec.mounts?.removeAll { $0.destination == "/run" }
        spec.mounts?.append(
            RuntimeSpec.Mount(
                destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup",
                options: ["nosuid", "noexec", "nodev", "relatime", "ro"]))
        spec.linux?.namespaces?.append(RuntimeSpec.Namespace(type: "cgroup"))
        if rootless {
            // As runc has it: the network is the host's, and there are no cgroups to write to.
            spec.linux?.namespaces?.removeAll { $0.type == "network" }
            spec.linux?.resources = nil
            spec.linux?.namespaces?.append(RuntimeSpec.Namespace(type: "user"))
            spec.linux?.uidMappings = [RuntimeSpec.IDMapping(containerID: 0, hostID: geteuid(), size: 1)]
            spec.linux?.gidMappings = [RuntimeSpec.IDMapping(containerID: 0, hostID: getegid(), size: 1)]
        }
        try AtomicFile.write(try JSON.encode(spec, pretty: true) + [UInt8(ascii: "\n")], to: path, mode: 0o666)
    }
}
