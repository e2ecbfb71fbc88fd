import EngineClient
import Glibc

/// A container whose streams, signals and end belong to this process, as `run`, `start -a` and `attach` need it.
struct AttachedContainer: Sendable {
    var client: EngineClient
    var id: String
    /// Of "stdin", "stdout", "stderr".
    var streams: Set<String>
    var terminal: Bool
    var detachKeys: DetachKeys
    /// Whether signals that this process gets go on to the container.
    var proxiesSignals: Bool
    /// Whether the container goes away by itself, so that its end is its removal.
    var isRemoved: Bool

    /// Attaches, then calls `start`, copies the streams until they end, and returns the container's exit code; 0 when the
    /// user detached.
    ///
    /// - Parameter start: starts the container; nil when it runs already.
    func run(start: (@Sendable () async throws -> Void)?) async throws -> Int32 {
        let query: [(name: String, value: String?)] =
            [("stream", "1"), ("detachKeys", detachKeys.text)] + streams.sorted().map { ($0, "1") }
        let request = EngineRequest("POST", Engine.container(id, "/attach"), query: query)
        // Without forwarding a signal ends this process, but not before the terminal is itself again.
        let signals = Signals.caught([SIGWINCH] + (proxiesSignals ? Signals.forwarded : Signals.deadly))
        let watch = Task { await forward(signals) }
        defer { watch.cancel() }
        return try await client.withHijack(request, terminal: terminal) { connection, output in
            let end = try await ExitWaiter.begin(client, id, condition: condition(starting: start != nil))
            let session = StreamSession(
                terminal: terminal, input: streams.contains("stdin"), output: streams.contains("stdout"),
                errors: streams.contains("stderr"), detachKeys: detachKeys)
            return try await withThrowingTaskGroup(of: StreamSession.Ending?.self) { group in
                group.addTask { try await session.run(connection, output) }
                if let start {
                    do {
                        try await start()
                    } catch {
                        group.cancelAll()
                        while (try? await group.next()) != nil {}
                        // What was never started is removed all the same; the name is free only then.
                        if isRemoved { _ = try? await end.value() } else { end.cancel() }
                        throw error
                    }
                }
                if terminal {
                    group.addTask {
                        await size.sendFirst()
                        return nil
                    }
                }
                while let ending = try await group.next() {
                    guard let ending else { continue }
                    group.cancelAll()
                    if case .detached = ending {
                        end.cancel()
                        return 0
                    }
                    break
                }
                return try await end.value()
            }
        }
    }

    private var size: TerminalSize { TerminalSize(path: Engine.container(id), client: client) }

    private func condition(starting: Bool) -> String {
        if isRemoved { return "removed" }
        return starting ? "next-exit" : "not-running"
    }

    private func forward(_ signals: AsyncStream<CInt>) async {
        for await signal in signals {
            if signal == SIGWINCH {
                if terminal { await size.send() }
                continue
            }
            guard proxiesSignals else {
                RawTerminal.restore()
                exit(128 + signal)
            }
            await send(signal)
        }
    }

    /// Sends a signal to the container. A container whose output is there already may be running only a moment later in
    /// the engine's books; so a conflict is no answer yet.
    private func send(_ signal: CInt) async {
        let request = EngineRequest("POST", Engine.container(id, "/kill"), query: [("signal", Signals.name(signal))])
        for _ in 0..<20 {
            do {
                return try await client.withResponse(request) { _ in }
            } catch let error as EngineError where error.status == 409 {
                try? await Task.sleep(for: .milliseconds(50))
            } catch {
                // The container is over; its own end tells.
                return
            }
        }
    }
}
