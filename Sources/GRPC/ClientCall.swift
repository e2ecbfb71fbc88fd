import RPC

/// One call as the client sees it. Letting it go cancels what has not ended.
final class ClientCall: Sendable {
    private let core: CoreCall
    private let status = OneShot<CallStatus>()
    private let initialMetadata = OneShot<RPCMetadata>()

    /// Starts the call.
    ///
    /// - Parameter request: the only message of a client that does not stream; nil leaves the client's side open.
    init(core: CoreCall, options: CallOptions, request: [UInt8]?) {
        self.core = core
        let first = Batch()
        first.sendInitialMetadata(options.metadata, waitForReady: options.waitForReady)
        if let request {
            first.sendMessage(request)
            first.sendClose()
        }
        // Whether it succeeds shows in the status.
        core.enqueue(first) { _ in }

        let header = Batch()
        header.receiveInitialMetadata()
        header.start(on: core) { [initialMetadata] _ in initialMetadata.set(header.initialMetadata) }

        let end = Batch()
        end.receiveStatus()
        end.start(on: core) { [status] _ in status.set(end.status) }
    }

    deinit { core.cancel() }

    func cancel() { core.cancel() }

    /// Waits for the server's initial metadata, at most for `patience`. A call that ends without any counts as started:
    /// its failure shows when it is read.
    func started(patience: Duration?) async throws {
        let begun = OneShot<Void>()
        Task { [initialMetadata] in
            _ = await initialMetadata.value
            begun.set(())
        }
        let timer = patience.map { patience in
            Task {
                try? await Task.sleep(for: patience)
                begun.set(())
            }
        }
        await cancelling { await begun.value }
        timer?.cancel()
    }

    /// The next message, nil when the call has ended well.
    func read() async throws -> [UInt8]? {
        do {
            if let bytes = try await core.read() { return bytes }
        } catch is CancellationError {
            core.cancel()
        }
        try await cancelling { await status.value }.check()
        // The reader's task was cancelled just when the call ended well.
        return nil
    }

    /// Sends a message. When the call has ended, throws its status.
    func write(_ bytes: [UInt8]) async throws {
        let batch = Batch()
        batch.sendMessage(bytes)
        if await cancelling({ await core.write(batch) }) { return }
        try await status.value.check()
        throw RPCError(.failedPrecondition, "the server has ended the call before all messages were sent")
    }

    /// Closes the client's side.
    func finish() async {
        let batch = Batch()
        batch.sendClose()
        _ = await core.write(batch)
    }

    /// The only message of a server that does not stream.
    func response() async throws -> [UInt8] {
        let message = try await read()
        try await cancelling { await status.value }.check()
        guard let message else {
            throw RPCError(.internalError, "the server ended the call without a message")
        }
        return message
    }

    /// Runs `body`, during which the task's cancellation cancels the call.
    private func cancelling<R: Sendable>(_ body: () async -> R) async -> R {
        await withTaskCancellationHandler {
            await body()
        } onCancel: {
            core.cancel()
        }
    }
}
