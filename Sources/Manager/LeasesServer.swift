import ContainerdAPI
import GRPC
import Metadata
import RPC
import SwiftProtobuf

/// The leases service.
struct LeasesServer {
    let metadata: MetadataStore
    let collector: GarbageCollector

    func register(on server: GRPCServer) {
        let (metadata, collector) = (metadata, collector)
        server.register(LeasesService.create) { request, context in
            var response = Containerd_Services_Leases_V1_CreateResponse()
            let id = request.id.isEmpty ? Self.randomID() : request.id
            response.lease = try await metadata.createLease(id, labels: request.labels, in: context.scope())
            collector.expect(expiry(of: request.labels))
            return response
        }
        server.register(LeasesService.delete) { request, context in
            try await metadata.deleteLease(request.id, in: context.scope())
            try await collector.collectAfterDelete(now: request.sync)
            return Google_Protobuf_Empty()
        }
        server.register(LeasesService.list) { request, context in
            var response = Containerd_Services_Leases_V1_ListResponse()
            response.leases = try await metadata.leases(matching: Filter(request.filters), in: context.scope())
            return response
        }
        server.register(LeasesService.addResource) { request, context in
            try await metadata.add(request.resource, toLease: request.id, in: context.scope())
            return Google_Protobuf_Empty()
        }
        server.register(LeasesService.deleteResource) { request, context in
            try await metadata.remove(request.resource, fromLease: request.id, in: context.scope())
            collector.schedule()
            return Google_Protobuf_Empty()
        }
        server.register(LeasesService.listResources) { request, context in
            var response = Containerd_Services_Leases_V1_ListResourcesResponse()
            response.resources = try await metadata.resources(ofLease: request.id, in: context.scope())
            return response
        }
    }

    /// A name nobody else has: the time and chance.
    private static func randomID() -> String {
        let now = Google_Protobuf_Timestamp.now
        return "\(now.seconds)-\(now.nanos)-\(String(UInt32.random(in: 0...UInt32.max), radix: 36))"
    }
}
