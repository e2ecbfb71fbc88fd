// Unsafe: owns a batch of the C support library and copies its results out.
import CGRPC
import CGRPCSupport
import RPC

/// One batch of operations on a call: filled, started once, read after it has completed.
final class Batch: Completion, @unchecked Sendable {
    private let core = ukgrpc_batch_create()!
    /// Held while the batch is under way.
    private var call: CoreCall?
    private var then: (@Sendable (Bool) -> Void)?

    deinit { ukgrpc_batch_destroy(core) }

    // MARK: Filling

    func sendInitialMetadata(_ metadata: RPCMetadata = RPCMetadata(), waitForReady: Bool = false) {
        for pair in metadata.pairs {
            Self.withBytes(pair) { ukgrpc_batch_add_initial_metadata(core, $0, $1, $2, $3) }
        }
        ukgrpc_batch_send_initial_metadata(core, waitForReady)
    }

    func sendMessage(_ bytes: [UInt8]) {
        ukgrpc_batch_send_message(core, bytes, bytes.count)
    }

    func sendClose() { ukgrpc_batch_send_close(core) }

    func sendStatus(_ code: RPCCode, _ message: String, trailers: RPCMetadata) {
        for pair in trailers.pairs {
            Self.withBytes(pair) { ukgrpc_batch_add_trailing_metadata(core, $0, $1, $2, $3) }
        }
        var message = message
        message.withUTF8 { ukgrpc_batch_send_status(core, code.rawValue, $0.baseAddress, $0.count) }
    }

    func receiveInitialMetadata() { ukgrpc_batch_receive_initial_metadata(core) }
    func receiveMessage() { ukgrpc_batch_receive_message(core) }
    func receiveStatus() { ukgrpc_batch_receive_status(core) }
    func receiveClose() { ukgrpc_batch_receive_close(core) }

    // MARK: Running

    /// Starts the batch; `then` is called once, on the queue's thread, or at once with false when the core refuses.
    func start(on call: CoreCall, then: @escaping @Sendable (Bool) -> Void) {
        self.call = call
        self.then = then
        let tag = retainedTag()
        let error = ukgrpc_batch_start(core, call.raw, tag)
        if error != GRPC_CALL_OK {
            complete(false)
            Completion.release(tag: tag)
        }
    }

    /// Starts the batch and waits until it has completed.
    func run(on call: CoreCall) async -> Bool {
        await withCheckedContinuation { continuation in
            start(on: call) { continuation.resume(returning: $0) }
        }
    }

    override func complete(_ success: Bool) {
        let next = then
        then = nil
        let call = self.call
        self.call = nil
        next?(success)
        withExtendedLifetime(call) {}
    }

    // MARK: Results

    /// The message that came, or nil when the stream ended instead.
    var message: [UInt8]? {
        guard ukgrpc_batch_has_message(core) else { return nil }
        let length = ukgrpc_batch_message_length(core)
        return [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
            if length > 0 { ukgrpc_batch_copy_message(core, buffer.baseAddress, length) }
            count = length
        }
    }

    /// Whether the call ended before its status was sent (server).
    var cancelled: Bool { ukgrpc_batch_cancelled(core) }

    /// The metadata that came before the first message (client).
    var initialMetadata: RPCMetadata { RPCMetadata(core: ukgrpc_batch_initial_metadata(core)) }

    /// The call's outcome (client).
    var status: CallStatus {
        var length = 0
        let bytes = ukgrpc_batch_status_message(core, &length)
        let message = String(decoding: UnsafeRawBufferPointer(start: bytes, count: length), as: UTF8.self)
        return CallStatus(
            code: RPCCode(rawValue: ukgrpc_batch_status(core)) ?? .unknown, message: message,
            trailers: RPCMetadata(core: ukgrpc_batch_trailing_metadata(core)))
    }

    private static func withBytes(
        _ pair: RPCMetadata.Pair, _ body: (UnsafeRawPointer?, Int, UnsafeRawPointer?, Int) -> Void
    ) {
        Array(pair.name.utf8).withUnsafeBytes { name in
            pair.value.withUnsafeBytes { value in
                body(name.baseAddress, name.count, value.baseAddress, value.count)
            }
        }
    }
}

/// How a call ended, as the client sees it.
struct CallStatus: Sendable {
    var code: RPCCode
    var message: String
    var trailers: RPCMetadata

    /// Throws unless the call ended well.
    func check() throws {
        guard code == .ok else {
            throw RPCError(code: code, message: message, details: trailers.bytes("grpc-status-details-bin") ?? [])
        }
    }
}

extension RPCMetadata {
    init(core: UnsafePointer<grpc_metadata_array>?) {
        self.init()
        guard let core else { return }
        for index in 0..<core.pointee.count {
            let item = core.pointee.metadata + index
            let name = Self.bytes(&item.pointee.key)
            add(String(decoding: name, as: UTF8.self), bytes: Self.bytes(&item.pointee.value))
        }
    }

    private static func bytes(_ slice: UnsafePointer<grpc_slice>) -> [UInt8] {
        var length = 0
        let start = ukgrpc_slice_bytes(slice, &length)
        return Array(UnsafeRawBufferPointer(start: start, count: length))
    }
}
