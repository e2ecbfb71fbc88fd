import ContainerdAPI
import GRPC
import Metadata
import RPC
import SwiftProtobuf

/// The containers service: metadata only, tasks run them.
struct ContainersServer {
    let metadata: MetadataStore
    let events: EventExchange
    let collector: GarbageCollector

    func register(on server: GRPCServer) {
        let (metadata, events, collector) = (metadata, events, collector)
        server.register(ContainersService.get) { request, context in
            var response = Containerd_Services_Containers_V1_GetContainerResponse()
            response.container = try await metadata.container(request.id, in: context.scope())
            return response
        }
        server.register(ContainersService.list) { request, context in
            var response = Containerd_Services_Containers_V1_ListContainersResponse()
            response.containers = try await metadata.containers(matching: Filter(request.filters), in: context.scope())
            return response
        }
        server.register(ContainersService.listStream) { request, context, send in
            for container in try await metadata.containers(matching: Filter(request.filters), in: context.scope()) {
                var message = Containerd_Services_Containers_V1_ListContainerMessage()
                message.container = container
                try await send(message)
            }
        }
        server.register(ContainersService.create) { request, context in
            let scope = try context.scope()
            var response = Containerd_Services_Containers_V1_CreateContainerResponse()
            let created = try await metadata.create(request.container, in: scope)
            response.container = created
            var event = Containerd_Events_ContainerCreate()
            event.id = created.id
            event.image = created.image
            event.runtime.name = created.runtime.name
            if created.runtime.hasOptions { event.runtime.options = created.runtime.options }
            events.publish(event, topic: "/containers/create", in: scope.namespace)
            return response
        }
        server.register(ContainersService.update) { request, context in
            let scope = try context.scope()
            var response = Containerd_Services_Containers_V1_UpdateContainerResponse()
            let mask = request.hasUpdateMask ? request.updateMask : nil
            let updated = try await metadata.update(request.container, mask: mask, in: scope)
            response.container = updated
            var event = Containerd_Events_ContainerUpdate()
            event.id = updated.id
            event.image = updated.image
            event.labels = updated.labels
            event.snapshotKey = updated.snapshotKey
            events.publish(event, topic: "/containers/update", in: scope.namespace)
            return response
        }
        server.register(ContainersService.delete) { request, context in
            let scope = try context.scope()
            try await metadata.deleteContainer(request.id, in: scope)
            var event = Containerd_Events_ContainerDelete()
            event.id = request.id
            events.publish(event, topic: "/containers/delete", in: scope.namespace)
            collector.schedule()
            return Google_Protobuf_Empty()
        }
    }
}
