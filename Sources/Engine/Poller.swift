import CHost
import Foundation
import Glibc
import Host
import Synchronization
import SystemPackage

/// Waits for descriptors to become readable or writable, all on one thread, see epoll(7). A descriptor is waited for by
/// one task at a time.
package final class Poller: Sendable {
    /// What is waited for.
    package enum Direction: Sendable { case read, write }

    /// Names one wait: its number above, its descriptor below. A descriptor's number is used again soon, and what was heard
    /// of it before, or a late cancellation, must not end the wait of who has it now: a fifo's reader would take it to have
    /// ended before its other side is there.
    package struct Token: Hashable, Sendable {
        fileprivate var raw: UInt64
        fileprivate var descriptor: CInt { CInt(truncatingIfNeeded: raw) }

        fileprivate init(raw: UInt64) { self.raw = raw }

        fileprivate init(_ number: UInt32, _ descriptor: CInt) {
            raw = UInt64(number) << 32 | UInt64(UInt32(bitPattern: descriptor))
        }
    }

    private struct Wait {
        var token: Token
        var continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var waits: [CInt: Wait] = [:]
        /// No one is to wait for these any more.
        var stopped: Set<CInt> = []
        var last: UInt32 = 0

        mutating func take(_ token: Token) -> CheckedContinuation<Bool, Never>? {
            guard waits[token.descriptor]?.token == token else { return nil }
            return waits.removeValue(forKey: token.descriptor)?.continuation
        }
    }

    private let epoll: CInt
    private let state = Mutex(State())

    /// Nobody is told anything before `start`.
    package init() throws {
        epoll = try HostError.check(ukh_poll_create(), "create", "epoll")
    }

    /// Starts the thread that tells what is ready; it lives as long as the process.
    package func start() {
        let thread = Thread { [self] in while true { deliver(nextEvents()) } }
        thread.name = "stdio"
        thread.stackSize = 256 << 10
        thread.start()
    }

    /// Waits until `descriptor` is ready, or its other side is gone. False when it was stopped or the task cancelled.
    package func wait(_ descriptor: FileDescriptor, _ direction: Direction) async -> Bool {
        let fd = descriptor.rawValue
        let token = state.withLock { state in
            state.last &+= 1
            return Token(state.last, fd)
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                state.withLock { state in
                    if Task.isCancelled || state.stopped.contains(fd) { return continuation.resume(returning: false) }
                    let wait = Wait(token: token, continuation: continuation)
                    state.waits.updateValue(wait, forKey: fd)?.continuation.resume(returning: false)
                    let armed = ukh_poll_arm(epoll, fd, direction == .write ? 1 : 0, token.raw)
                    // A plain file, say, is always ready.
                    if armed != 0 { state.take(token)?.resume(returning: armed == -EPERM) }
                }
            }
        } onCancel: {
            state.withLock { $0.take(token) }?.resume(returning: false)
        }
    }

    /// Ends the descriptor's wait, and all to come at once, until it is closed.
    package func stop(_ descriptor: FileDescriptor) {
        let wait = state.withLock { state in
            state.stopped.insert(descriptor.rawValue)
            return state.waits.removeValue(forKey: descriptor.rawValue)
        }
        wait?.continuation.resume(returning: false)
    }

    /// Ends a wait and closes the descriptor.
    package func close(_ descriptor: FileDescriptor) {
        let fd = descriptor.rawValue
        let wait = state.withLock { state in
            ukh_poll_forget(epoll, fd)
            Glibc.close(fd)
            state.stopped.remove(fd)
            return state.waits.removeValue(forKey: fd)
        }
        wait?.continuation.resume(returning: false)
    }

    /// Blocks until something is ready. For the thread, and for tests that stand in for it.
    package func nextEvents() -> [Token] {
        var raw = [UInt64](repeating: 0, count: 64)
        let count = ukh_poll_wait(epoll, &raw, CInt(raw.count))
        return raw.prefix(Int(max(count, 0))).map { Token(raw: $0) }
    }

    /// Ends the waits that are still there, and says how many they were.
    @discardableResult package func deliver(_ events: [Token]) -> Int {
        let ended = state.withLock { state in events.compactMap { state.take($0) } }
        for continuation in ended { continuation.resume(returning: true) }
        return ended.count
    }
}
