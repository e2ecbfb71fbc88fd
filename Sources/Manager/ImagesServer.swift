import ContainerdAPI
import GRPC
import Metadata
import RPC
import SwiftProtobuf

/// The images service.
struct ImagesServer {
    let metadata: MetadataStore
    let events: EventExchange
    let collector: GarbageCollector

    func register(on server: GRPCServer) {
        let (metadata, events, collector) = (metadata, events, collector)
        server.register(ImagesService.get) { request, context in
            var response = Containerd_Services_Images_V1_GetImageResponse()
            response.image = try await metadata.image(request.name, in: context.scope())
            return response
        }
        server.register(ImagesService.list) { request, context in
            var response = Containerd_Services_Images_V1_ListImagesResponse()
            response.images = try await metadata.images(matching: Filter(request.filters), in: context.scope())
            return response
        }
        server.register(ImagesService.create) { request, context in
            let scope = try context.scope()
            var response = Containerd_Services_Images_V1_CreateImageResponse()
            let time = request.hasSourceDateEpoch ? request.sourceDateEpoch : .now
            let created = try await metadata.create(request.image, at: time, in: scope)
            collector.expect(expiry(of: created.labels))
            response.image = created
            var event = Containerd_Services_Images_V1_ImageCreate()
            event.name = created.name
            event.labels = created.labels
            events.publish(event, topic: "/images/create", in: scope.namespace)
            return response
        }
        server.register(ImagesService.update) { request, context in
            let scope = try context.scope()
            var response = Containerd_Services_Images_V1_UpdateImageResponse()
            let mask = request.hasUpdateMask ? request.updateMask : nil
            let time = request.hasSourceDateEpoch ? request.sourceDateEpoch : .now
            let updated = try await metadata.update(request.image, mask: mask, at: time, in: scope)
            collector.expect(expiry(of: updated.labels))
            response.image = updated
            var event = Containerd_Services_Images_V1_ImageUpdate()
            event.name = updated.name
            event.labels = updated.labels
            events.publish(event, topic: "/images/update", in: scope.namespace)
            // The old target may be nobody's now.
            collector.schedule()
            return response
        }
        server.register(ImagesService.delete) { request, context in
            let scope = try context.scope()
            if request.hasTarget {
                let current = try await metadata.image(request.name, in: scope).target.digest
                guard current == request.target.digest else {
                    throw RPCError.notFound("image \"\(request.name)\" with target \(request.target.digest)")
                }
            }
            try await metadata.deleteImage(request.name, in: scope)
            var event = Containerd_Services_Images_V1_ImageDelete()
            event.name = request.name
            events.publish(event, topic: "/images/delete", in: scope.namespace)
            try await collector.collectAfterDelete(now: request.sync)
            return Google_Protobuf_Empty()
        }
    }
}
