import ContainerdAPI
import Foundation
import GRPC
import Glibc
import Metadata
import RPC
import SwiftProtobuf
import SystemPackage

/// Types of parts by the names that containerd gives them.
enum PluginType {
    static let snapshotter = "io.containerd.snapshotter.v1"
    static let service = "io.containerd.grpc.v1"
    static let `internal` = "io.containerd.internal.v1"
}

/// The introspection service: what this server is made of.
struct IntrospectionServer {
    let plugins: [Plugin]
    let uuid: String

    func register(on server: GRPCServer) {
        let (plugins, uuid) = (plugins, uuid)
        server.register(IntrospectionService.plugins) { request, _ in
            var response = Containerd_Services_Introspection_V1_PluginsResponse()
            response.plugins = plugins.filter(try Filter(request.filters).matches)
            return response
        }
        server.register(IntrospectionService.server) { _, _ in
            var response = Containerd_Services_Introspection_V1_ServerResponse()
            response.uuid = uuid
            response.pid = UInt64(getpid())
            var status = stat()
            if stat("/proc/self/ns/pid", &status) == 0 { response.pidns = UInt64(status.st_ino) }
            return response
        }
        server.register(IntrospectionService.pluginInfo) { request, _ in
            guard let plugin = plugins.first(where: { $0.type == request.type && $0.id == request.id }) else {
                throw RPCError.notFound("plugin \(request.type).\(request.id)")
            }
            var response = Containerd_Services_Introspection_V1_PluginInfoResponse()
            response.plugin = plugin
            return response
        }
    }

    /// The parts of this server by the names that containerd gives them.
    ///
    /// - Parameter installs: where clients install programs from images.
    static func plugins(
        contentRoot: FilePath, snapshotters: [(name: String, root: FilePath)], installs: FilePath
    ) -> [Plugin] {
        var platform = Containerd_Types_Platform()
        platform.os = "linux"
        #if arch(arm64)
            platform.architecture = "arm64"
        #else
            platform.architecture = "amd64"
        #endif
        func plugin(_ type: String, _ id: String, root: FilePath? = nil, onPlatform: Bool = false) -> Plugin {
            var plugin = Plugin()
            plugin.type = type
            plugin.id = id
            if let root { plugin.exports["root"] = root.string }
            if onPlatform { plugin.platforms = [platform] }
            return plugin
        }
        var result = [plugin("io.containerd.content.v1", "content", root: contentRoot)]
        result += snapshotters.map {
            plugin(PluginType.snapshotter, $0.name, root: $0.root, onPlatform: true)
        }
        var installed = plugin(PluginType.internal, "opt")
        installed.exports["path"] = installs.string
        result += [
            installed,
            plugin("io.containerd.metadata.v1", "sqlite"),
            plugin("io.containerd.differ.v1", "walking", onPlatform: true),
            plugin("io.containerd.gc.v1", "scheduler"),
            plugin("io.containerd.runtime.v2", "task", onPlatform: true),
        ]
        result += [
            "containers", "content", "diff", "events", "images", "introspection", "leases", "namespaces", "snapshots",
            "tasks", "version",
        ].map { plugin(PluginType.service, $0) }
        return result
    }
}
