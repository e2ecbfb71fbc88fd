import CHost
import Foundation
import Glibc
import Host
import Synchronization
import SystemPackage

/// Waits for descriptors to become readable or writable, all on one thread, see epoll(7). A descriptor is waited for by
/// one task at a time.
final class Poller: Sendable {
    /// What is waited for.
    enum Direction: Sendable { case read, write }

    private let epoll: CInt
    private let waiting = Mutex<[CInt: CheckedContinuation<Bool, Never>]>([:])

    /// Starts the thread; it lives as long as the process.
    init() throws {
        epoll = try HostError.check(ukh_poll_create(), "create", "epoll")
        let thread = Thread { [self] in run() }
        thread.name = "stdio"
        thread.stackSize = 256 << 10
        thread.start()
    }

    /// Waits until `descriptor` is ready, or its other side is gone. False when it was forgotten or the task cancelled.
    func wait(_ descriptor: FileDescriptor, _ direction: Direction) async -> Bool {
        let fd = descriptor.rawValue
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                waiting.withLock { waiting in
                    guard !Task.isCancelled else { return continuation.resume(returning: false) }
                    waiting.updateValue(continuation, forKey: fd)?.resume(returning: false)
                    let armed = ukh_poll_arm(epoll, fd, direction == .write ? 1 : 0)
                    // A plain file, say, is always ready.
                    if armed != 0 { waiting.removeValue(forKey: fd)?.resume(returning: armed == -EPERM) }
                }
            }
        } onCancel: {
            wake(fd, ready: false)
        }
    }

    /// Ends a wait and closes the descriptor.
    func close(_ descriptor: FileDescriptor) {
        let fd = descriptor.rawValue
        let waiter = waiting.withLock { waiting in
            ukh_poll_forget(epoll, fd)
            Glibc.close(fd)
            return waiting.removeValue(forKey: fd)
        }
        waiter?.resume(returning: false)
    }

    /// Ends a wait; the waiter is told that the descriptor is not ready.
    func wake(_ descriptor: FileDescriptor) { wake(descriptor.rawValue, ready: false) }

    private func wake(_ fd: CInt, ready: Bool) {
        waiting.withLock { $0.removeValue(forKey: fd) }?.resume(returning: ready)
    }

    private func run() {
        var ready = [CInt](repeating: -1, count: 64)
        while true {
            let count = ukh_poll_wait(epoll, &ready, CInt(ready.count))
            for fd in ready.prefix(Int(max(count, 0))) { wake(fd, ready: true) }
        }
    }
}
