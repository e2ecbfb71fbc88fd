import ContainerdAPI
import GRPC
import Metadata
import RPC
import SwiftProtobuf

/// The namespaces service.
struct NamespacesServer {
    let metadata: MetadataStore
    let events: EventExchange

    func register(on server: GRPCServer) {
        let (metadata, events) = (metadata, events)
        server.register(NamespacesService.get) { request, _ in
            var response = Containerd_Services_Namespaces_V1_GetNamespaceResponse()
            do {
                response.namespace = try await metadata.namespace(request.name)
            } catch let error as RPCError where error.code == .notFound {
                // containerd makes no difference between a namespace without labels and none; dockerd asks for its own
                // before it has put anything there.
                response.namespace.name = request.name
            }
            return response
        }
        server.register(NamespacesService.list) { _, _ in
            var response = Containerd_Services_Namespaces_V1_ListNamespacesResponse()
            response.namespaces = try await metadata.namespaces()
            return response
        }
        server.register(NamespacesService.create) { request, _ in
            var response = Containerd_Services_Namespaces_V1_CreateNamespaceResponse()
            let created = try await metadata.create(request.namespace)
            response.namespace = created
            var event = Containerd_Events_NamespaceCreate()
            event.name = created.name
            event.labels = created.labels
            events.publish(event, topic: "/namespaces/create", in: created.name)
            return response
        }
        server.register(NamespacesService.update) { request, _ in
            var response = Containerd_Services_Namespaces_V1_UpdateNamespaceResponse()
            let mask = request.hasUpdateMask ? request.updateMask : nil
            let updated = try await metadata.update(request.namespace, mask: mask)
            response.namespace = updated
            var event = Containerd_Events_NamespaceUpdate()
            event.name = updated.name
            event.labels = updated.labels
            events.publish(event, topic: "/namespaces/update", in: updated.name)
            return response
        }
        server.register(NamespacesService.delete) { request, _ in
            try await metadata.deleteNamespace(request.name)
            var event = Containerd_Events_NamespaceDelete()
            event.name = request.name
            events.publish(event, topic: "/namespaces/delete", in: request.name)
            return Google_Protobuf_Empty()
        }
    }
}
