import ContainerdAPI
import FoundationEssentials
import OCISpec
import RPC

/// What a command line says about a container, on top of what its image says.
public struct ContainerSpecOptions: Sendable {
    /// Replaces the image's command; empty: the image's.
    public var arguments: [String] = []
    /// `NAME=value`, over the image's.
    public var environment: [String] = []
    /// Replaces the image's working directory.
    public var workingDirectory: String?
    /// `user[:group]`, names or numbers; replaces the image's.
    public var user: String?
    /// Whether the process has a terminal.
    public var terminal = false
    /// Whether the root cannot be written.
    public var readonlyRoot = false
    /// The name of the host inside.
    public var hostname: String?
    /// More mounts.
    public var mounts: [RuntimeSpec.Mount] = []
    /// Shares the host's network.
    public var hostNetwork = false
    /// Gives all capabilities and masks nothing.
    public var privileged = false
    /// Annotations of the specification.
    public var annotations: [String: String] = [:]
    /// Bytes of memory, if bounded.
    public var memoryLimit: Int64?
    /// Processes, if bounded.
    public var pidsLimit: Int64?

    /// Nothing but what the image says.
    public init() {}
}

extension ContainerSpecOptions {
    /// The specification of a container that runs an image.
    ///
    /// - Parameters:
    ///   - configuration: the image's, nil for a container without image.
    ///   - users: /etc/passwd and /etc/group of the container's root, for users by name.
    /// - Throws: `RPCError` (`invalidArgument`) when neither says what to run, or when the user is unknown.
    public func spec(
        id: String, namespace: String, configuration: ImageConfiguration.Config?, users: UserFiles = UserFiles()
    ) throws -> RuntimeSpec {
        let image = configuration
        var arguments = arguments
        if arguments.isEmpty { arguments = (image?.entrypoint ?? []) + (image?.cmd ?? []) }
        guard !arguments.isEmpty else {
            throw RPCError(.invalidArgument, "the image names no command: say what to run")
        }
        var variables = image?.env ?? []
        if !variables.contains(where: { $0.hasPrefix("PATH=") }) { variables.insert(RuntimeSpec.defaultPath, at: 0) }
        if terminal { variables.append("TERM=xterm") }
        for variable in environment {
            let name = variable.prefix { $0 != "=" }
            variables.removeAll { $0.hasPrefix("\(name)=") }
            if variable.contains("=") { variables.append(variable) }
        }
        let directory = workingDirectory ?? image?.workingDir ?? ""
        var spec = RuntimeSpec.default(
            arguments: arguments, environment: variables, workingDirectory: directory.isEmpty ? "/" : directory,
            user: try users.resolve(user ?? image?.user ?? ""), terminal: terminal,
            readonlyRoot: readonlyRoot ? true : nil, hostname: hostname, cgroupsPath: "/\(namespace)/\(id)",
            annotations: annotations.isEmpty ? nil : annotations)
        spec.mounts = (spec.mounts ?? []) + mounts
        if hostNetwork {
            spec.linux?.namespaces?.removeAll { $0.type == "network" }
            for file in ["/etc/hosts", "/etc/resolv.conf"] {
                spec.mounts?.append(
                    .init(destination: file, type: "bind", source: file, options: ["rbind", "ro"]))
            }
        }
        if privileged {
            spec.linux?.maskedPaths = []
            spec.linux?.readonlyPaths = []
            spec.linux?.resources?.devices = [.init(allow: true, access: "rwm")]
            spec.process?.capabilities = .init(RuntimeSpec.allCapabilities)
            spec.process?.noNewPrivileges = false
        }
        if let memoryLimit { spec.linux?.resources?.memory = .init(limit: memoryLimit) }
        if let pidsLimit { spec.linux?.resources?.pids = .init(limit: pidsLimit) }
        return spec
    }
}

/// passwd(5) and group(5) of a container's root.
public struct UserFiles: Sendable {
    private let users: [[Substring]]
    private let groups: [[Substring]]

    /// The two files' texts; empty when the root has none.
    public init(passwd: String = "", group: String = "") {
        func lines(_ text: String) -> [[Substring]] {
            text.split(separator: "\n").map { $0.split(separator: ":", omittingEmptySubsequences: false) }
        }
        users = lines(passwd)
        groups = lines(group)
    }

    /// The files as the layers of a snapshot hold them, the topmost first; where they cannot be read, none.
    public init(mounts: [Mount]) {
        var folders: [String] = []
        for mount in mounts {
            for option in mount.options where option.hasPrefix("upperdir=") {
                folders.append(String(option.dropFirst(9)))
            }
            for option in mount.options where option.hasPrefix("lowerdir=") {
                folders += option.dropFirst(9).split(separator: ":").map(String.init)
            }
            if ["bind", "rbind"].contains(mount.type) || mount.options.contains("rbind") {
                folders.append(mount.source)
            }
        }
        func text(_ name: String) -> String {
            for folder in folders {
                if let data = try? Data(contentsOf: URL(filePath: folder + name)) {
                    return String(decoding: data, as: UTF8.self)
                }
            }
            return ""
        }
        self.init(passwd: text("/etc/passwd"), group: text("/etc/group"))
    }

    /// `user[:group]` in numbers, with the groups that group(5) adds to a user known by name or entry. Empty is root.
    ///
    /// - Throws: `RPCError` (`invalidArgument`) when a name is not known.
    public func resolve(_ text: String) throws -> RuntimeSpec.User {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let name = parts.first.map(String.init) ?? ""
        let entry = users.first { $0.count > 3 && (String($0[0]) == name || (name.isEmpty && $0[2] == "0")) }
        var user = RuntimeSpec.User()
        if let uid = entry.flatMap({ UInt32($0[2]) }), let gid = entry.flatMap({ UInt32($0[3]) }) {
            user = .init(uid: uid, gid: gid)
        } else if let uid = UInt32(name) {
            let gid = users.first { $0.count > 3 && $0[2] == name }.flatMap { UInt32($0[3]) }
            user = .init(uid: uid, gid: gid ?? 0)
        } else if !name.isEmpty, name != "root" {
            throw RPCError(.invalidArgument, "unable to find user \(name): no matching entries in passwd file")
        }
        if parts.count == 2 {
            let group = String(parts[1])
            if let gid = UInt32(group) {
                user.gid = gid
            } else if let gid = groups.first(where: { $0.count > 2 && String($0[0]) == group }).flatMap({
                UInt32($0[2])
            }) {
                user.gid = gid
            } else {
                throw RPCError(.invalidArgument, "unable to find group \(group): no matching entries in group file")
            }
            return user
        }
        if let name = entry?[0] {
            let more = groups.filter { $0.count > 3 && $0[3].split(separator: ",").contains(name) }
                .compactMap { UInt32($0[2]) }
            if !more.isEmpty { user.additionalGids = more }
        }
        return user
    }
}
