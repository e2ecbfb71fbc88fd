import EngineAPI
import Glibc
import Host
import Synchronization
import SystemPackage

/// Writes a container's output to its log file. Every piece is written as it comes, also when it does not end a line: a
/// daemon that is killed has lost nothing that it had taken.
package final class ContainerLog: Sendable {
    private struct State {
        var descriptor: FileDescriptor?
        var version: UInt64 = 0
        var running = true
        var followers: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>

    /// Opens the file, or makes it. A last line that a crash cut short is ended, so that the next one can be read.
    ///
    /// - Throws: `HostError`.
    package init(path: FilePath) throws {
        let fd = open(path.string, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
        guard fd >= 0 else { throw HostError.last("open log", path.string) }
        let size = lseek(fd, 0, SEEK_END)
        var last: UInt8 = 10
        if size > 0, pread(fd, &last, 1, size - 1) == 1, last != 10 { write(fd, "\n", 1) }
        state = Mutex(State(descriptor: FileDescriptor(rawValue: fd)))
    }

    /// Writes a piece of output, one entry a line.
    package func append(_ stream: Frame.Stream, _ bytes: [UInt8]) {
        let time = Timestamp.now
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count + bytes.count / 4 + 128)
        var start = 0
        while start < bytes.count {
            let end = bytes[start...].firstIndex(of: 10).map { $0 + 1 } ?? bytes.count
            LogEntry(stream: stream, time: time, bytes: Array(bytes[start..<end])).encode(into: &output)
            start = end
        }
        let followers = state.withLock { state in
            if let descriptor = state.descriptor { _ = try? descriptor.writeAll(output) }
            state.version += 1
            defer { state.followers = [] }
            return state.followers
        }
        for follower in followers { follower.resume() }
    }

    /// Ends the run: followers read what is left and stop.
    package func finish() {
        let followers = state.withLock { state in
            try? state.descriptor?.close()
            state.descriptor = nil
            state.running = false
            state.version += 1
            defer { state.followers = [] }
            return state.followers
        }
        for follower in followers { follower.resume() }
    }

    /// A number that grows with every change, and whether more can come.
    var progress: (version: UInt64, running: Bool) { state.withLock { ($0.version, $0.running) } }

    /// Waits until something has changed since `version`, or the calling task is cancelled.
    func change(since version: UInt64) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                state.withLock { state in
                    if state.version != version || !state.running || Task.isCancelled {
                        continuation.resume()
                    } else {
                        state.followers.append(continuation)
                    }
                }
            }
        } onCancel: {
            // Wakes the other followers for nothing, once; they look and wait again.
            let followers = state.withLock { state in
                defer { state.followers = [] }
                return state.followers
            }
            for follower in followers { follower.resume() }
        }
    }
}

extension Timestamp {
    /// The host's clock.
    public static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: Int32(time.tv_nsec))
    }
}
