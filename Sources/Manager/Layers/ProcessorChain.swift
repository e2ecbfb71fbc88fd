import Archive
import CHost
import ContentStore
import Glibc
import Host
import RPC
import SwiftProtobuf
import Synchronization
import SystemPackage

/// The programs through which one layer goes, each reading what the one before it writes.
final class ProcessorChain: Sendable {
    /// Bytes of a program's standard error that are kept for the message.
    private static let mostWords = 8 << 10

    private let steps: [StreamProcessor]
    private let programs: [FilePath]
    private let mediaType: String
    private let payloads: [[UInt8]?]
    private let state = Mutex(State())

    private struct State {
        /// Those that have not been waited for, by the number of the step.
        var running: [Int: pid_t] = [:]
        var isStopped = false
    }

    /// - Throws: `RPCError` when a program is not there.
    init(_ steps: [StreamProcessor], mediaType: String, payloads: [String: Google_Protobuf_Any]) throws {
        self.steps = steps
        self.mediaType = mediaType
        programs = try steps.map { step in
            guard let program = Processes.program(onPath: step.path) else {
                throw RPCError(
                    .unknown,
                    "failed to get stream processor for \(mediaType): exec: \"\(step.path)\": executable file not found in $PATH"
                )
            }
            return program
        }
        self.payloads = try steps.map { try payloads[$0.id]?.serializedBytes() }
    }

    /// Starts the programs.
    ///
    /// - Returns: the layer's bytes as the last program writes them, empty at the end; `blob`'s own where there is no program.
    ///   All of `blob` has been read and verified, and all programs have succeeded, when the end is told. To be called
    ///   on one thread.
    func start(on blob: any LayerSource) throws -> ByteSource {
        guard !steps.isEmpty else { return Self.bytes(of: blob) }
        let outcome = ByteChannel()
        let words = steps.map { _ in ByteChannel(limit: Self.mostWords) }
        let (first, feed) = try PipeEnd.pair()
        BlockingWork.start {
            do {
                try Self.send(Self.bytes(of: blob), to: feed)
                outcome.end()
            } catch {
                outcome.fail(error)
            }
        }
        var input = first
        var type = mediaType
        for index in steps.indices {
            defer { type = steps[index].returns }
            input = try start(index, on: input, type: type, words: words[index])
        }
        var isOver = false
        return { [self, input] in
            let bytes = isOver ? [] : try input.read()
            if bytes.isEmpty, !isOver {
                isOver = true
                // What went wrong with the blob is why a program failed, not the other way round.
                _ = try outcome.receive()
                for index in steps.indices { try wait(for: index, words[index]) }
            }
            return bytes
        }
    }

    /// Kills the programs that still run.
    func stop() {
        let left = state.withLock { state in
            state.isStopped = true
            // They are not waited for under way, so the numbers are still theirs.
            for pid in state.running.values { kill(pid, SIGKILL) }
            defer { state.running = [:] }
            return state.running
        }
        for pid in left.values { Processes.waitForEnd(of: pid) }
    }

    // MARK: One program

    /// Starts the program of a step, which takes over `input`.
    ///
    /// - Returns: what it writes.
    private func start(_ index: Int, on input: PipeEnd, type: String, words: ByteChannel) throws -> PipeEnd {
        let step = steps[index]
        let (output, errors) = (try PipeEnd.pair(), try PipeEnd.pair())
        let passed = try payloads[index].map { ($0, try PipeEnd.pair()) }
        let child = Spawn(
            programs[index], arguments: [step.path] + step.arguments,
            environment: Spawn.inheritedEnvironment() + step.environment + ["STREAM_PROCESSOR_MEDIATYPE=\(type)"],
            descriptors: [input, output.writing, errors.writing, passed?.1.reading].map { $0?.descriptor })
        try withExtendedLifetime((input, output, errors, passed)) { try launch(child, index) }
        if let (payload, pipe) = passed {
            let writing = pipe.writing
            BlockingWork.start {
                var rest = [payload]
                try? Self.send({ rest.popLast() ?? [] }, to: writing)
            }
        }
        let reading = errors.reading
        BlockingWork.start {
            var kept = 0
            while let bytes = try? reading.read(), !bytes.isEmpty {
                if kept < Self.mostWords { try? words.put(Array(bytes.prefix(Self.mostWords - kept))) }
                kept += bytes.count
            }
            words.end()
        }
        return output.reading
    }

    private func launch(_ child: Spawn, _ index: Int) throws {
        try state.withLock { state in
            guard !state.isStopped else { throw CancellationError() }
            do {
                state.running[index] = try child.start()
            } catch let error as HostError {
                throw RPCError(.unknown, "failed to get stream processor for \(mediaType): \(error)")
            }
        }
    }

    /// Returns when the program of a step has ended well.
    private func wait(for index: Int, _ words: ByteChannel) throws {
        guard let pid = state.withLock({ $0.running[index] }) else { throw CancellationError() }
        // Not reaped yet: `stop` may send a signal to the number meanwhile.
        var information = siginfo_t()
        while waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) < 0, errno == EINTR {}
        let isOurs = state.withLock { $0.running.removeValue(forKey: index) != nil }
        guard isOurs else { throw CancellationError() }
        let status = Processes.waitForEnd(of: pid)
        guard status != 0 else { return }
        var said: [UInt8] = []
        while let more = try? words.receive(), !more.isEmpty { said += more }
        while let last = said.last, last <= UInt8(ascii: " ") { said.removeLast() }
        let text = String(decoding: said, as: UTF8.self)
        throw RPCError(
            .unknown,
            "stream processor \(steps[index].id): \(text.isEmpty ? "exit status \(ukh_exit_code(status))" : text)")
    }

    // MARK: Bytes

    private static func bytes(of blob: any LayerSource) -> ByteSource {
        var offset: Int64 = 0
        return {
            let bytes = try blob.read(at: offset, count: 256 * 1024)
            offset += Int64(bytes.count)
            return bytes
        }
    }

    /// Writes all of `source` to a pipe. Who stops reading early does not keep the rest from being read, and so
    /// verified.
    private static func send(_ source: ByteSource, to pipe: PipeEnd) throws {
        // The thread is this work's own.
        var broken = sigset_t()
        sigemptyset(&broken)
        sigaddset(&broken, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &broken, nil)
        var isOpen = true
        while true {
            let bytes = try source()
            if bytes.isEmpty { return }
            guard isOpen else { continue }
            do {
                try pipe.descriptor.writeAll(bytes)
            } catch Errno.brokenPipe {
                isOpen = false
            }
        }
    }
}
