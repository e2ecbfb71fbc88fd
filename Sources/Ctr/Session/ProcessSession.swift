import ContainerdClient
import Glibc
import Host
import RPC
import SystemPackage

/// This process standing in front of a container's process: streams, terminal and signals go through.
struct ProcessSession: Sendable {
    let client: ContainerdClient
    let container: String
    let exec: String?
    let fifos: FifoSet

    /// Makes the process by `create`, lets it go by `start` and stays with it until it ends. Returns its exit code.
    func run(
        create: () async throws -> Void = {}, start: () async throws -> Void = {}
    ) async throws -> UInt32 {
        // Before anything else: containerd's own shim waits in `create` for the other ends of the pipes.
        // A short input may end before there is a process to be told.
        let (started, startedContinuation) = AsyncStream.makeStream(of: Void.self)
        defer { startedContinuation.finish() }
        let copy = StreamCopy(fifos) {
            Task {
                for await _ in started {}
                try? await client.tasks.closeInput(container, exec: exec)
            }
        }
        try await create()
        async let exit = client.tasks.wait(container, exec: exec)
        let raw = fifos.io.terminal ? RawTerminal() : nil
        defer { raw?.restore() }
        if fifos.io.terminal { await resize() }
        try await start()
        startedContinuation.finish()
        if fifos.io.terminal { await resize() }
        let forwarding = Task { await forwardSignals(terminal: fifos.io.terminal) }
        let result = try await exit
        forwarding.cancel()
        await copy.finish()
        return result.status
    }

    private func resize() async {
        guard let size = Terminal.size(of: .standardInput) ?? Terminal.size(of: .standardOutput) else { return }
        try? await client.tasks.resize(
            container, exec: exec, width: UInt32(size.columns), height: UInt32(size.rows))
    }

    private func forwardSignals(terminal: Bool) async {
        let forwarded = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCONT]
        for await signal in SignalStream.catching(terminal ? [SIGWINCH, SIGTERM, SIGHUP] : forwarded) {
            if signal == SIGWINCH {
                await resize()
                continue
            }
            do {
                try await client.tasks.kill(container, exec: exec, signal: UInt32(signal))
            } catch let error as RPCError {
                if error.code == .notFound { return }
                complain("cannot send signal \(signal): \(error.message)")
            } catch {
                return
            }
        }
    }
}
