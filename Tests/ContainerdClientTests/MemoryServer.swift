import ContainerdAPI
import ContainerdClient
import GRPC
import Glibc
import RPC
import Synchronization

/// As much of containerd as importing an image takes, in memory: content, images and leases.
final class MemoryServer: Sendable {
    struct State {
        var blobs: [String: [UInt8]] = [:]
        var labels: [String: [String: String]] = [:]
        var ingests: [String: [UInt8]] = [:]
        var images: [String: Image] = [:]
        var leases: Set<String> = []
        /// After so many bytes of one stream the server gives up, once.
        var failsAfter: Int?
    }

    let state = Mutex(State())
    private let server = GRPCServer()
    let client: ContainerdClient

    init() throws {
        let path = "/tmp/ukclient-\(getpid())-\(UInt32.random(in: 0 ... .max)).sock"
        client = try ContainerdClient(unixSocket: path, namespace: "test")
        registerContent()
        registerOthers()
        try server.start(unixSocket: path)
    }

    func stop() async { await server.shutdown(grace: .milliseconds(100)) }

    private func registerContent() {
        server.register(ContentService.info) { request, _ in
            try self.state.withLock { state in
                guard let blob = state.blobs[request.digest] else {
                    throw RPCError.notFound("content \(request.digest)")
                }
                var response = Containerd_Services_Content_V1_InfoResponse()
                response.info.digest = request.digest
                response.info.size = Int64(blob.count)
                response.info.labels = state.labels[request.digest] ?? [:]
                return response
            }
        }
        server.register(ContentService.update) { request, _ in
            self.state.withLock { state in
                state.labels[request.info.digest, default: [:]].merge(request.info.labels) { $1 }
                return .init()
            }
        }
        server.register(ContentService.read) { request, _, send in
            guard let blob = self.state.withLock({ $0.blobs[request.digest] }) else {
                throw RPCError.notFound("content \(request.digest)")
            }
            let end = request.size > 0 ? min(blob.count, Int(request.offset + request.size)) : blob.count
            var response = Containerd_Services_Content_V1_ReadContentResponse()
            response.data = .init(blob[Int(request.offset)..<end])
            try await send(response)
        }
        server.register(ContentService.abort) { request, _ in
            self.state.withLock { state in
                state.ingests[request.ref] = nil
                return .init()
            }
        }
        server.register(ContentService.write) { requests, _, send in
            for try await request in requests { try await send(self.write(request)) }
        }
    }

    private func write(
        _ request: Containerd_Services_Content_V1_WriteContentRequest
    ) throws -> Containerd_Services_Content_V1_WriteContentResponse {
        try state.withLock { state in
            var response = Containerd_Services_Content_V1_WriteContentResponse()
            response.action = request.action
            if !request.expected.isEmpty, state.blobs[request.expected] != nil {
                throw RPCError.alreadyExists("content \(request.expected)")
            }
            var bytes = state.ingests[request.ref] ?? []
            switch request.action {
            case .write:
                guard Int64(bytes.count) == request.offset else { throw RPCError(.outOfRange, "offset") }
                bytes += request.data
                state.ingests[request.ref] = bytes
                if let limit = state.failsAfter, bytes.count > limit {
                    state.failsAfter = nil
                    throw RPCError(.unavailable, "out of patience")
                }
            case .commit:
                let digest = sha256(bytes)
                guard request.expected.isEmpty || request.expected == digest else {
                    throw RPCError(.failedPrecondition, "unexpected commit digest \(digest)")
                }
                state.ingests[request.ref] = nil
                guard state.blobs.updateValue(bytes, forKey: digest) == nil else {
                    throw RPCError.alreadyExists("content \(digest)")
                }
                state.labels[digest] = request.labels
                response.digest = digest
            default: response.digest = sha256(bytes)
            }
            response.offset = Int64(bytes.count)
            return response
        }
    }

    private func registerOthers() {
        server.register(ImagesService.create) { request, context in
            #if DEBUG
                precondition(context.metadata[ContainerdClient.namespaceHeader] == "test")
            #endif
            return try self.state.withLock { state in
                guard state.images.updateValue(request.image, forKey: request.image.name) == nil else {
                    throw RPCError.alreadyExists("image \"\(request.image.name)\"")
                }
                var response = Containerd_Services_Images_V1_CreateImageResponse()
                response.image = request.image
                return response
            }
        }
        server.register(ImagesService.update) { request, _ in
            self.state.withLock { state in
                state.images[request.image.name] = request.image
                return .init()
            }
        }
        server.register(LeasesService.create) { request, _ in
            self.state.withLock { state in
                state.leases.insert(request.id)
                var response = Containerd_Services_Leases_V1_CreateResponse()
                response.lease.id = request.id
                return response
            }
        }
        server.register(LeasesService.delete) { request, _ in
            self.state.withLock { state in
                state.leases.remove(request.id)
                return .init()
            }
        }
    }
}
