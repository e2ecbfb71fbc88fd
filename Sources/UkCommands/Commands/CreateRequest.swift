import ArgumentParser
import EngineClient
import Glibc
import Host
import SystemPackage

/// Makes the body of `POST /containers/create` from the command line.
struct CreateRequest {
    var options: ContainerOptions
    var image: String
    var command: [String]
    /// The streams that the client attaches to: "stdin", "stdout", "stderr".
    var attached: Set<String>

    /// The body.
    ///
    /// - Throws: `ValidationError` or `CommandFailure` for an option that makes no sense.
    func body() throws -> JSONValue {
        let (exposed, bindings) = try PublishedPorts.parse(options.publish, expose: options.expose)
        let (volumes, binds) = try volumesAndBinds()
        var body: JSONValue = [
            "Hostname": .string(options.hostname ?? ""),
            "Domainname": .string(options.domainname ?? ""),
            "User": .string(options.user ?? ""),
            "AttachStdin": .bool(attached.contains("stdin")),
            "AttachStdout": .bool(attached.contains("stdout")),
            "AttachStderr": .bool(attached.contains("stderr")),
            "Tty": .bool(options.tty),
            "OpenStdin": .bool(options.interactive),
            "StdinOnce": .bool(attached.contains("stdin")),
            "Env": .strings(try environmentVariables()),
            "Cmd": command.isEmpty ? nil : .strings(command),
            "Image": .string(image),
            "Volumes": volumes,
            "WorkingDir": .string(options.workdir ?? ""),
            "Labels": pairs(try options.labelFile.flatMap(Self.lines) + options.label),
            "ExposedPorts": exposed,
        ]
        // An empty text clears the image's entrypoint.
        if let entrypoint = options.entrypoint { body["Entrypoint"] = .strings([entrypoint]) }
        if let signal = options.stopSignal { body["StopSignal"] = .string(signal) }
        if let timeout = options.stopTimeout { body["StopTimeout"] = .number(timeout) }
        let network = options.network ?? options.net
        var host: JSONValue = [
            "Binds": .strings(binds),
            "NetworkMode": .string(network ?? "default"),
            "PortBindings": bindings,
            "AutoRemove": .bool(options.remove),
            "PublishAllPorts": .bool(options.publishAll),
            "Dns": .strings(options.dns),
            "DnsOptions": .strings(options.dnsOption),
            "DnsSearch": .strings(options.dnsSearch),
            "ExtraHosts": .strings(options.addHost.map(Self.hostLine)),
            "RestartPolicy": try Self.restartPolicy(options.restart ?? "no"),
            "ConsoleSize": consoleSize(),
        ]
        if !options.tmpfs.isEmpty { host["Tmpfs"] = tmpfs() }
        if !options.mount.isEmpty { host["Mounts"] = .array(try options.mount.map(Self.mount)) }
        for members in [try options.limits.members(), options.isolation.members()] {
            for member in members.members { host[member.name] = member.value }
        }
        body["HostConfig"] = host
        body["NetworkingConfig"] = ["EndpointsConfig": endpoints(network)]
        return body
    }

    private func environmentVariables() throws -> [String] {
        let all = try options.envFile.flatMap(Self.lines) + options.env
        return try all.compactMap { text in
            guard text.first != "=", !text.isEmpty else {
                throw ValidationError(
                    "invalid argument \"\(text)\" for \"-e, --env\" flag: invalid environment variable: \(text)")
            }
            if text.contains("=") { return text }
            // A name alone takes the client's own value, and nothing when it has none.
            return getenv(text).map { "\(text)=\(String(cString: $0))" }
        }
    }

    /// The lines of a file of variables or labels, without comments and empty ones.
    private static func lines(_ path: String) throws -> [String] {
        guard let text = readSmallFile(path) else {
            throw CommandFailure("open \(path): \(String(cString: strerror(errno)))", exitCode: 125)
        }
        return text.split(whereSeparator: \.isNewline).map { String($0.drop(while: \.isWhitespace)) }
            .filter { !$0.isEmpty && $0.first != "#" }
    }

    private func volumesAndBinds() throws -> (volumes: JSONValue, binds: [String]) {
        var volumes = JSONValue.object([])
        var binds: [String] = []
        for text in options.volume {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard parts.count <= 3, parts.allSatisfy({ !$0.isEmpty }) else {
                throw ValidationError("invalid volume specification: '\(text)'")
            }
            if parts.count == 1 {
                volumes[text] = .object([])
            } else {
                binds.append(([Self.absolute(parts[0])] + parts.dropFirst()).joined(separator: ":"))
            }
        }
        return (volumes, binds)
    }

    /// A path that starts with a dot is meant from here; the daemon lives elsewhere.
    private static func absolute(_ path: String) -> String {
        guard path == "." || path == ".." || path.hasPrefix("./") || path.hasPrefix("../") else { return path }
        guard let resolved = realpath(path, nil) else { return Folders.working.pushing(FilePath(path)).string }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private static func mount(_ text: String) throws -> JSONValue {
        var mount: JSONValue = ["Type": "volume"]
        for field in text.split(separator: ",") {
            let parts = field.split(separator: "=", maxSplits: 1).map(String.init)
            let value = parts.count > 1 ? parts[1] : "true"
            switch parts[0].lowercased() {
            case "type": mount["Type"] = .string(value)
            case "source", "src": mount["Source"] = .string(absolute(value))
            case "target", "dst", "destination": mount["Target"] = .string(value)
            case "readonly", "ro": mount["ReadOnly"] = .bool(value == "true" || value == "1")
            case "bind-propagation": mount["BindOptions"] = ["Propagation": .string(value)]
            case "volume-nocopy": mount["VolumeOptions"] = ["NoCopy": .bool(value == "true")]
            case "tmpfs-size": mount["TmpfsOptions"] = ["SizeBytes": .number(Sizes.parse(value) ?? 0)]
            default:
                throw ValidationError("invalid argument \"\(text)\" for \"--mount\" flag: unexpected key '\(parts[0])'")
            }
        }
        guard mount["Target"] != nil else {
            throw ValidationError("invalid argument \"\(text)\" for \"--mount\" flag: target is required")
        }
        return mount
    }

    private func tmpfs() -> JSONValue {
        .object(
            options.tmpfs.map { text in
                let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
                return .init(parts[0], .string(parts.count > 1 ? parts[1] : ""))
            })
    }

    /// A restart policy such as `on-failure:3`.
    static func restartPolicy(_ text: String) throws -> JSONValue {
        let parts = text.split(separator: ":").map(String.init)
        guard let name = parts.first, ["no", "on-failure", "always", "unless-stopped"].contains(name),
            let count = parts.count > 1 ? Int(parts[1]) : 0
        else { throw ValidationError("invalid restart policy: \(text)") }
        return ["Name": .string(parts[0]), "MaximumRetryCount": .number(count)]
    }

    private func consoleSize() -> JSONValue {
        let size = options.tty ? Terminal.size(of: .standardOutput) : nil
        return [.number(size?.rows ?? 0), .number(size?.columns ?? 0)]
    }

    private func endpoints(_ network: String?) -> JSONValue {
        guard let network, !options.networkAlias.isEmpty || options.ip != nil else { return .object([]) }
        var endpoint: JSONValue = ["Aliases": .strings(options.networkAlias)]
        if let ip = options.ip { endpoint["IPAMConfig"] = ["IPv4Address": .string(ip)] }
        return .object([.init(network, endpoint)])
    }

    /// `host=ip` is a newer way to write `host:ip`.
    private static func hostLine(_ text: String) -> String {
        guard let equals = text.firstIndex(of: "=") else { return text }
        return text[..<equals] + ":" + text[text.index(after: equals)...]
    }
}
