import ContainerdAPI
import GRPC
import RPC

/// A blob that is being written: one stream of the content service's Write.
///
/// Not committed, it stays on the server under its reference until it is taken up again or aborted.
public final class ContentWriter: Sendable {
    private typealias Request = Containerd_Services_Content_V1_WriteContentRequest
    private typealias Response = Containerd_Services_Content_V1_WriteContentResponse

    private let call: BidirectionalCall<Request, Response>
    private let client: ContainerdClient
    /// The name of this attempt.
    public let reference: String
    /// How many bytes the server has from an earlier attempt.
    public let offset: Int64
    private let total: Int64

    /// Requests on their way before an answer is awaited.
    private static let window = 4

    init(client: ContainerdClient, reference: String, size: Int64, digest: String) async throws {
        self.client = client
        self.reference = reference
        total = size
        call = client.channel.open(ContentService.write, options: client.options)
        var request = Request()
        request.action = .stat
        request.ref = reference
        request.total = size
        request.expected = digest
        try await call.send(request)
        offset = try await Self.answer(of: call).offset
    }

    /// Sends what `body` hands to its parameter, then commits. Returns digest and size of the blob.
    ///
    /// - Parameter keepsOnFailure: whether what has been sent stays on the server when `body` fails, so that another
    ///   attempt under the same reference goes on there. Bytes of another digest are never kept.
    /// - Throws: `failedPrecondition` when the blob has another size or digest than announced, `alreadyExists` when a
    ///   blob with a known digest came to exist meanwhile (another one that exists only gets the labels); what `body`
    ///   throws, after giving the attempt up.
    @discardableResult
    public func finish(
        digest: String, labels: [String: String], keepsOnFailure: Bool = false,
        _ body: (([UInt8]) async throws -> Void) async throws -> Void
    ) async throws -> (digest: String, size: Int64) {
        var end = offset
        var found = digest
        do {
            var underWay = 0
            try await body { bytes in
                var request = Request()
                request.action = .write
                request.ref = reference
                request.offset = end
                request.total = total
                request.data = .init(bytes)
                end += Int64(bytes.count)
                try await call.send(request)
                underWay += 1
                if underWay == Self.window {
                    _ = try await Self.answer(of: call)
                    underWay -= 1
                }
            }
            while underWay > 0 {
                _ = try await Self.answer(of: call)
                underWay -= 1
            }
            var request = Request()
            if digest.isEmpty {
                // The server has counted it along; without it, there would be no telling which blob exists already.
                request.action = .stat
                request.ref = reference
                try await call.send(request)
                found = try await Self.answer(of: call).digest
            }
            request.action = .commit
            request.ref = reference
            request.total = total
            request.expected = digest
            request.offset = end
            request.labels = labels
            try await call.send(request)
            let response = try await Self.answer(of: call)
            await call.finish()
            return (response.digest, response.offset)
        } catch {
            call.cancel()
            if keepsOnFailure, (error as? RPCError)?.code != .failedPrecondition { throw error }
            await giveUp()
            guard digest.isEmpty, !found.isEmpty, (error as? RPCError)?.code == .alreadyExists else { throw error }
            try await client.content.label(found, labels)
            return (found, end)
        }
    }

    /// Has the server forget the attempt, also when this task has been cancelled.
    private func giveUp() async {
        // The server may still hold the reference for a moment.
        await Task.detached { [client, reference] in
            for _ in 0..<3 {
                do {
                    try await client.content.abort(reference)
                    return
                } catch let error as RPCError where error.code == .unavailable {
                    try? await Task.sleep(for: .milliseconds(50))
                } catch {
                    return
                }
            }
        }.value
    }

    private static func answer(of call: BidirectionalCall<Request, Response>) async throws -> Response {
        guard let response = try await call.receive() else {
            throw RPCError(.unavailable, "the server ended the stream in the middle of a blob")
        }
        return response
    }
}
