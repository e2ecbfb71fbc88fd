import ContainerdAPI
import GRPC
import Glibc
import Host
import RPC
import SystemPackage
import Synchronization
import TestSupport

/// A server with one method of each kind on a socket of its own, and a channel to it.
final class Rig: Sendable {
    let path: String
    let server = GRPCServer()
    let channel: GRPCChannel
    /// What the handlers saw: `sleeping`, `cancelled`, `ended`.
    let seen = Mutex<[String]>([])

    private let scratch = ScratchFolder()

    /// - Parameter place: the folder of the socket, in one that goes with the rig.
    init(at place: String = "d") throws {
        let folder = scratch.path.appending(place)
        try Folders.make(folder)
        path = folder.appending("s").string
        channel = try GRPCChannel(unixSocket: path)
    }

    typealias Chunk = Containerd_Services_Content_V1_WriteContentRequest
    typealias Reply = Containerd_Services_Content_V1_WriteContentResponse

    /// A method in which only the client streams; the containerd API has none.
    static let gather = ClientStreamingMethod<Chunk, Reply>("/test.Kinds/Gather")

    func start() throws {
        server.register(ContentService.info) { request, context in
            switch request.digest {
            case "sleep":
                self.seen.withLock { $0.append("sleeping") }
                do { try await Task.sleep(for: .seconds(1000)) } catch {
                    self.seen.withLock { $0.append("cancelled") }
                    throw error
                }
            case "missing":
                throw RPCError(code: .notFound, message: "content missing: not found", details: [1, 2, 3])
            case "odd": throw Odd()
            default: break
            }
            var response = Containerd_Services_Content_V1_InfoResponse()
            response.info.digest = request.digest
            response.info.labels["namespace"] = context.metadata["containerd-namespace"] ?? "none"
            response.info.labels["deadline"] = context.deadline == nil ? "none" : "some"
            return response
        }
        server.register(ContentService.read) { request, context, send in
            do {
                var offset: Int64 = 0
                while request.size == 0 || offset < request.size {
                    var response = Containerd_Services_Content_V1_ReadContentResponse()
                    response.offset = offset
                    response.data.append(contentsOf: [UInt8](repeating: 7, count: 1024))
                    try await send(response)
                    offset += 1
                }
            } catch {
                self.seen.withLock { $0.append("ended") }
                throw error
            }
        }
        server.register(Self.gather) { requests, _ in
            var reply = Reply()
            for try await request in requests { reply.offset += Int64(request.data.count) }
            return reply
        }
        server.register(ContentService.write) { requests, _, send in
            try await send.start()
            do {
                for try await request in requests {
                    if request.ref == "stop" { throw RPCError(.aborted, "stopped by \(request.offset)") }
                    var reply = Reply()
                    reply.offset = request.offset + Int64(request.data.count)
                    try await send(reply)
                }
            } catch is CancellationError {
                self.seen.withLock { $0.append("cancelled") }
                throw CancellationError()
            }
            self.seen.withLock { $0.append("ended") }
        }
        try server.start(unixSocket: path)
    }

    func stop() async {
        await server.shutdown(grace: .milliseconds(200))
    }

    /// Waits until a handler has noted `word`.
    func sees(_ word: String) async -> Bool {
        for _ in 0..<20_000 {
            if seen.withLock({ $0.contains(word) }) { return true }
            try? await Task.sleep(for: .milliseconds(10))
        }
        return false
    }

    func info(_ digest: String, options: CallOptions = CallOptions()) async throws -> ContentInfo {
        var request = Containerd_Services_Content_V1_InfoRequest()
        request.digest = digest
        return try await channel.call(ContentService.info, request, options: options).info
    }
}

/// An error that knows nothing of statuses.
struct Odd: Error, CustomStringConvertible {
    var description: String { "odd thing" }
}

/// Runs `body` against a started rig and takes it down.
func withRig(_ body: (Rig) async throws -> Void) async throws {
    let rig = try Rig()
    try rig.start()
    do {
        try await body(rig)
    } catch {
        await rig.stop()
        throw error
    }
    await rig.stop()
}
