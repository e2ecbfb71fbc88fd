// Unsafe pointers: a thread's argument travels through pthread_create as one.
import Glibc

/// Work that blocks a thread, done away from the threads of Swift's concurrency.
public enum BlockingWork {
    /// Runs `body` on a thread of its own and returns what it returns.
    ///
    /// The thread ends with the work, so that an idle process keeps none.
    public static func run<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<R, any Error>) in
            start {
                continuation.resume(with: Result { try body() })
            }
        }
    }

    /// Starts `body` on a thread of its own; nobody waits for it.
    public static func start(_ body: @escaping @Sendable () -> Void) {
        final class Box {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, 512 * 1024)
        let box = Unmanaged.passRetained(Box(body))
        var thread = pthread_t()
        var result: CInt
        repeat {
            result = pthread_create(
                &thread, &attributes,
                {
                    Unmanaged<Box>.fromOpaque($0!).takeRetainedValue().body(); return nil
                }, box.toOpaque())
            // Out of threads is passing: others end.
            if result == EAGAIN { usleep(1000) }
        } while result == EAGAIN
        precondition(result == 0, "pthread_create: error \(result)")
    }
}
