import ContainerdAPI
import GRPC
import Metadata
import RPC
import Snapshots
import SwiftProtobuf

/// The snapshots service, over all snapshotters.
struct SnapshotsServer {
    let snapshotters: [String: Snapshotter]
    let events: EventExchange
    let collector: GarbageCollector

    private func snapshotter(_ name: String) throws -> Snapshotter {
        guard !name.isEmpty else { throw RPCError.invalidArgument("snapshotter argument missing") }
        guard let snapshotter = snapshotters[name] else {
            throw RPCError.invalidArgument("snapshotter not loaded: \(name)")
        }
        return snapshotter
    }

    func register(on server: GRPCServer) {
        registerChanges(on: server)
        server.register(SnapshotsService.mounts) { request, context in
            var response = Containerd_Services_Snapshots_V1_MountsResponse()
            response.mounts = try await snapshotter(request.snapshotter).mounts(request.key, in: context.scope())
            return response
        }
        server.register(SnapshotsService.stat) { request, context in
            var response = Containerd_Services_Snapshots_V1_StatSnapshotResponse()
            response.info = try await snapshotter(request.snapshotter).stat(request.key, in: context.scope())
            return response
        }
        server.register(SnapshotsService.update) { request, context in
            var response = Containerd_Services_Snapshots_V1_UpdateSnapshotResponse()
            let mask = request.hasUpdateMask ? request.updateMask : nil
            response.info = try await snapshotter(request.snapshotter)
                .update(request.info, mask: mask, in: context.scope())
            return response
        }
        server.register(SnapshotsService.list) { request, context, send in
            let all = try await snapshotter(request.snapshotter)
                .list(matching: Filter(request.filters), in: context.scope())
            for start in stride(from: 0, to: all.count, by: 100) {
                var response = Containerd_Services_Snapshots_V1_ListSnapshotsResponse()
                response.info = Array(all[start..<min(start + 100, all.count)])
                try await send(response)
            }
        }
        server.register(SnapshotsService.usage) { request, context in
            var response = Containerd_Services_Snapshots_V1_UsageResponse()
            (response.size, response.inodes) = try await snapshotter(request.snapshotter)
                .usage(request.key, in: context.scope())
            return response
        }
        server.register(SnapshotsService.cleanup) { request, context in
            _ = try context.scope()
            try await snapshotter(request.snapshotter).removeLeftovers()
            return Google_Protobuf_Empty()
        }
    }

    private func registerChanges(on server: GRPCServer) {
        let (events, collector) = (events, collector)
        @Sendable func publishPrepared(_ key: String, parent: String, snapshotter: String, in scope: Scope) {
            var event = Containerd_Events_SnapshotPrepare()
            event.key = key
            event.parent = parent
            event.snapshotter = snapshotter
            events.publish(event, topic: "/snapshot/prepare", in: scope.namespace)
        }
        server.register(SnapshotsService.prepare) { request, context in
            let scope = try context.scope()
            var response = Containerd_Services_Snapshots_V1_PrepareSnapshotResponse()
            response.mounts = try await snapshotter(request.snapshotter)
                .prepare(request.key, parent: request.parent, labels: request.labels, in: scope)
            publishPrepared(request.key, parent: request.parent, snapshotter: request.snapshotter, in: scope)
            return response
        }
        server.register(SnapshotsService.view) { request, context in
            let scope = try context.scope()
            var response = Containerd_Services_Snapshots_V1_ViewSnapshotResponse()
            response.mounts = try await snapshotter(request.snapshotter)
                .view(request.key, parent: request.parent, labels: request.labels, in: scope)
            publishPrepared(request.key, parent: request.parent, snapshotter: request.snapshotter, in: scope)
            return response
        }
        server.register(SnapshotsService.commit) { request, context in
            let scope = try context.scope()
            try await snapshotter(request.snapshotter)
                .commit(request.key, as: request.name, labels: request.labels, in: scope)
            var event = Containerd_Events_SnapshotCommit()
            event.key = request.key
            event.name = request.name
            event.snapshotter = request.snapshotter
            events.publish(event, topic: "/snapshot/commit", in: scope.namespace)
            return Google_Protobuf_Empty()
        }
        server.register(SnapshotsService.remove) { request, context in
            let scope = try context.scope()
            try await snapshotter(request.snapshotter).remove(request.key, in: scope)
            var event = Containerd_Events_SnapshotRemove()
            event.key = request.key
            event.snapshotter = request.snapshotter
            events.publish(event, topic: "/snapshot/remove", in: scope.namespace)
            collector.schedule()
            return Google_Protobuf_Empty()
        }
    }
}
