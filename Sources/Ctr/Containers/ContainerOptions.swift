import ArgumentParser
import ContainerdAPI
import ContainerdClient
import FoundationEssentials
import Host
import OCISpec
import RPC
import SwiftProtobuf
import SystemPackage

/// What `run` and `containers create` say about a container: ctr's flags.
struct ContainerOptions: ParsableArguments {
    @Option(help: "NAME=value; NAME takes one of the image away.") var env: [String] = []
    @Option(name: .customLong("env-file"), help: "A file of NAME=value lines.") var envFile: String?
    @Option(help: "type=TYPE,src=PATH,dst=PATH,options=A:B") var mount: [String] = []
    @Option(help: "The working directory.") var cwd: String?
    @Option(name: [.short, .long], help: "user[:group], by name or number.") var user: String?
    @Option(help: "The container's host name.") var hostname: String?
    @Option(help: "NAME=value, a label of the container.") var label: [String] = []
    @Option(help: "NAME=value, an annotation of the specification.") var annotation: [String] = []
    @Flag(name: .customLong("read-only"), help: "The root cannot be written.") var readOnly = false
    @Flag(name: .customLong("net-host"), help: "Shares the host's network.") var netHost = false
    @Flag(help: "All capabilities, nothing masked.") var privileged = false
    @Flag(help: "The image argument is a folder to be the root.") var rootfs = false
    @Flag(name: [.short, .customLong("tty")], help: "Gives the process a terminal.") var tty = false
    @Option(help: "The snapshotter.") var snapshotter = "overlayfs"
    @Option(help: "The runtime.") var runtime = "io.containerd.runu.v2"
    @Option(name: .customLong("runc-binary"), help: "The OCI runtime that the shim runs.") var runtimeBinary: String?
    @Option(name: .customLong("runc-root"), help: "Where that keeps its state.") var runtimeRoot: String?
    @Flag(name: .customLong("runc-systemd-cgroup"), help: "That asks systemd for cgroups.") var systemdCgroup = false
    @Option(name: .customLong("memory-limit"), help: "Bytes.") var memoryLimit: Int64?
    @Option(name: .customLong("pids-limit"), help: "Processes.") var pidsLimit: Int64?
    @OptionGroup var flags: SpecificationFlags
    @Option(
        name: .customLong("snapshotter-label"), help: "NAME=value, a label of the container's snapshot.")
    var snapshotterLabel: [String] = []
    @Option(name: [.short, .long], help: "A specification (config.json) in place of all of the above.")
    var config: String?

    /// Makes the snapshot and the container.
    ///
    /// - Parameter arguments: image, id, command; without the image when a specification brings its own root.
    /// - Returns: the container and the mounts of its root.
    func create(
        _ client: ContainerdClient, arguments: [String], terminal: Bool
    ) async throws -> (container: Container, mounts: [Mount]) {
        var arguments = arguments[...]
        let image = config != nil && arguments.count == 1 ? nil : arguments.popFirst()
        guard let id = arguments.popFirst() else {
            throw ValidationError("image and container id must be given")
        }
        var container = Container()
        container.id = id
        container.labels = labels(label)
        container.runtime.name = runtime
        if runtimeBinary != nil || runtimeRoot != nil || systemdCgroup {
            container.runtime.options = try TypeURL.message(
                Containerd_Runc_V1_Options.with {
                    $0.binaryName = runtimeBinary ?? ""
                    $0.root = runtimeRoot ?? ""
                    $0.systemdCgroup = systemdCgroup
                })
        }
        var options = try specOptions(Array(arguments), terminal: terminal)
        if rootfs, let image {
            options.hostname = hostname
            var spec = try options.spec(
                id: id, namespace: client.namespace, configuration: nil, users: UserFiles(mounts: []))
            try flags.apply(to: &spec)
            spec.root?.path = Folders.working.pushing(FilePath(image)).string
            container.spec = try specification(spec)
            return (try await client.containers.create(container), [])
        }
        guard let image else {
            guard config != nil else { throw ValidationError("say which image to run") }
            container.spec = try specification(RuntimeSpec.default())
            return (try await client.containers.create(container), [])
        }
        return try await create(container, on: image, options, client)
    }

    /// Makes a container whose root is a snapshot of an image.
    private func create(
        _ container: Container, on image: String, _ options: ContainerSpecOptions, _ client: ContainerdClient
    ) async throws -> (container: Container, mounts: [Mount]) {
        let target = try await client.images.get(image).descriptor
        let configuration = try await client.configuration(of: target).config
        return try await client.withLease { client in
            let parent = try await client.unpack(target, snapshotter: snapshotter)
            let mounts = try await client.snapshots(snapshotter).prepare(
                container.id, parent: parent, labels: labels(snapshotterLabel))
            do {
                var container = container
                container.image = image
                container.snapshotter = snapshotter
                container.snapshotKey = container.id
                var spec = try options.spec(
                    id: container.id, namespace: client.namespace, configuration: configuration,
                    users: UserFiles(mounts: mounts))
                try flags.apply(to: &spec)
                container.spec = try specification(spec)
                if let signal = configuration?.stopSignal {
                    container.labels["io.containerd.image.config.stop-signal"] = signal
                }
                return (try await client.containers.create(container), mounts)
            } catch {
                try? await client.snapshots(snapshotter).remove(container.id)
                throw error
            }
        }
    }

    private func specification(_ spec: RuntimeSpec) throws -> Google_Protobuf_Any {
        guard let config else { return try TypeURL.json(TypeURL.spec, spec) }
        guard let data = try? Data(contentsOf: URL(filePath: config)) else {
            throw RPCError(.invalidArgument, "cannot read the specification \(config)")
        }
        // Checked here, but handed on as it is.
        _ = try JSON.decode(RuntimeSpec.self, from: [UInt8](data))
        return TypeURL.any(TypeURL.spec, bytes: [UInt8](data))
    }

    private func specOptions(_ arguments: [String], terminal: Bool) throws -> ContainerSpecOptions {
        var options = ContainerSpecOptions()
        options.arguments = arguments
        if let envFile {
            guard let data = try? Data(contentsOf: URL(filePath: envFile)) else {
                throw RPCError(.invalidArgument, "cannot read \(envFile)")
            }
            options.environment = String(decoding: data, as: UTF8.self).split(separator: "\n")
                .filter { !$0.hasPrefix("#") }.map(String.init)
        }
        options.environment += env
        options.workingDirectory = cwd
        options.user = user
        options.terminal = terminal
        options.readonlyRoot = readOnly
        options.hostname = hostname
        options.mounts = try mount.map(Self.mount)
        options.hostNetwork = netHost
        options.privileged = privileged
        options.annotations = labels(annotation)
        options.memoryLimit = memoryLimit
        options.pidsLimit = pidsLimit
        return options
    }

    /// `type=bind,src=/a,dst=/b,options=rbind:ro`
    private static func mount(_ text: String) throws -> RuntimeSpec.Mount {
        var mount = RuntimeSpec.Mount(destination: "")
        for part in text.split(separator: ",") {
            let name = part.prefix { $0 != "=" }
            let value = String(part.dropFirst(name.count + 1))
            switch name {
            case "type": mount.type = value
            case "source", "src": mount.source = value
            case "destination", "dst": mount.destination = value
            case "options": mount.options = value.split(separator: ":").map(String.init)
            default: throw ValidationError("mount option \(name) is not known: use type, src, dst, options")
            }
        }
        guard mount.destination.hasPrefix("/") else { throw ValidationError("a mount needs dst=/ABSOLUTE/PATH") }
        return mount
    }
}
