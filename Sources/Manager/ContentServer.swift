import ContainerdAPI
import ContentStore
import Foundation
import GRPC
import Metadata
import RPC
import SwiftProtobuf

/// The content service.
struct ContentServer {
    /// Bytes in a message of a read.
    private static let chunk = 256 * 1024

    let store: ContentStore
    let metadata: MetadataStore
    let events: EventExchange
    let collector: GarbageCollector

    func register(on server: GRPCServer) {
        let (store, metadata, events, collector) = (store, metadata, events, collector)
        server.register(ContentService.info) { request, context in
            var response = Containerd_Services_Content_V1_InfoResponse()
            response.info = try await store.info(request.digest, in: context.scope())
            return response
        }
        server.register(ContentService.update) { request, context in
            var response = Containerd_Services_Content_V1_UpdateResponse()
            guard isDigest(request.info.digest) else {
                throw RPCError(.invalidArgument, "\"\(request.info.digest)\" failed validation")
            }
            let mask = request.hasUpdateMask ? request.updateMask : nil
            response.info = try await metadata.update(request.info, mask: mask, in: context.scope())
            return response
        }
        server.register(ContentService.list) { request, context, send in
            let all = try await metadata.content(matching: Filter(request.filters), in: context.scope())
            for start in stride(from: 0, to: all.count, by: 100) {
                var response = Containerd_Services_Content_V1_ListContentResponse()
                response.info = Array(all[start..<min(start + 100, all.count)])
                try await send(response)
            }
        }
        server.register(ContentService.delete) { request, context in
            let scope = try context.scope()
            try await store.delete(request.digest, in: scope)
            var event = Containerd_Events_ContentDelete()
            event.digest = request.digest
            events.publish(event, topic: "/content/delete", in: scope.namespace)
            collector.schedule()
            return Google_Protobuf_Empty()
        }
        server.register(ContentService.read) { request, context, send in
            try await read(request, context.scope(), send)
        }
        server.register(ContentService.status) { request, context in
            var response = Containerd_Services_Content_V1_StatusResponse()
            response.status = try store.status(request.ref, in: context.scope())
            return response
        }
        server.register(ContentService.listStatuses) { request, context in
            var response = Containerd_Services_Content_V1_ListStatusesResponse()
            response.statuses = try store.statuses(matching: Filter(request.filters), in: context.scope())
            return response
        }
        server.register(ContentService.write) { requests, context, send in
            try await write(requests, context.scope(), send)
        }
        server.register(ContentService.abort) { request, context in
            try store.abort(request.ref, in: context.scope())
            return Google_Protobuf_Empty()
        }
    }

    private func read(
        _ request: Containerd_Services_Content_V1_ReadContentRequest, _ scope: Scope,
        _ send: MessageWriter<Containerd_Services_Content_V1_ReadContentResponse>
    ) async throws {
        let blob = try await store.open(request.digest, in: scope)
        var offset = max(request.offset, 0)
        guard offset <= blob.size else {
            throw RPCError(.outOfRange, "read past object length \(blob.size) bytes")
        }
        let rest = blob.size - offset
        let end = offset + (request.size <= 0 || request.size > rest ? rest : request.size)
        while offset < end {
            var response = Containerd_Services_Content_V1_ReadContentResponse()
            response.offset = offset
            response.data = try Data(blob.read(at: offset, count: Int(min(Int64(Self.chunk), end - offset))))
            guard !response.data.isEmpty else { throw RPCError(.dataLoss, "content \(request.digest) is cut short") }
            offset += Int64(response.data.count)
            try await send(response)
        }
    }

    private func write(
        _ requests: MessageStream<Containerd_Services_Content_V1_WriteContentRequest>, _ scope: Scope,
        _ send: MessageWriter<Containerd_Services_Content_V1_WriteContentResponse>
    ) async throws {
        var writer: ContentWriter?
        var expected = ""
        do {
            for try await request in requests {
                if !request.expected.isEmpty { expected = request.expected }
                let current: ContentWriter
                if let writer {
                    current = writer
                    if !request.expected.isEmpty, await current.isOpen,
                        try await metadata.claimContent(request.expected, in: scope)
                    {
                        await current.close()
                        try? store.abort(current.ref, in: scope)
                        throw RPCError(.alreadyExists, "blob with expected digest \(request.expected) exists")
                    }
                } else {
                    guard !request.ref.isEmpty else {
                        throw RPCError(.invalidArgument, "first message must have a reference")
                    }
                    current = try await store.writer(
                        request.ref, total: request.total, expected: request.expected, in: scope)
                    writer = current
                }
                let response = try await Self.answer(request, expected: expected, with: current)
                try await send(response)
                if request.action == .commit { break }
            }
        } catch {
            await writer?.close()
            throw error
        }
        await writer?.close()
    }

    private static func answer(
        _ request: Containerd_Services_Content_V1_WriteContentRequest, expected: String, with writer: ContentWriter
    ) async throws -> Containerd_Services_Content_V1_WriteContentResponse {
        if request.total > 0 { await writer.expect(total: request.total) }
        var status = await writer.status()
        var response = Containerd_Services_Content_V1_WriteContentResponse()
        response.action = request.action
        if request.action != .stat {
            if request.offset > 0, request.offset != status.offset {
                throw RPCError(
                    .outOfRange, "write @\(request.offset) must occur at current offset \(status.offset)")
            }
            if request.offset == 0, status.offset > 0, !(request.action == .commit && request.data.isEmpty) {
                try await writer.truncate()
            }
            if !request.data.isEmpty { try await writer.write(request.data) }
            status = await writer.status()
        }
        response.offset = status.offset
        if request.action == .commit {
            let info = try await writer.commit(
                size: status.total, expected: expected, labels: request.labels)
            response.digest = info.digest
        } else {
            response.digest = await writer.digest()
            response.startedAt = status.startedAt
            response.updatedAt = status.updatedAt
            response.total = status.total
        }
        return response
    }
}
