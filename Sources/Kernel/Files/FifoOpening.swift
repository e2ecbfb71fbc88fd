import CFiles
import Glibc
import SystemPackage

/// Opening a fifo, which waits for the other end (fifo(7)).
///
/// A thread of its own waits in the caller's place. When the caller is interrupted or killed meanwhile, the thread is left
/// waiting, at most until the other end comes: an end opened for a moment in the other direction would be seen by others.
enum FifoOpening {
    static func open(_ call: CallContext, _ descriptor: CInt, flags: CInt, closes: Bool) throws(Errno) -> Reply {
        // Without waiting: for reading it always succeeds, for both on Linux too, for writing it tells ENXIO.
        let access = flags & O_ACCMODE
        if flags & O_NONBLOCK != 0 || access == O_RDWR {
            defer { close(descriptor) }
            return .descriptor(try valid(ukf_reopen(descriptor, flags)), closeOnExec: closes)
        }
        if access == O_WRONLY {
            // Somebody reads already: no need to wait.
            let ready = ukf_reopen(descriptor, flags | O_NONBLOCK)
            if ready >= 0 {
                close(descriptor)
                _ = fcntl(ready, F_SETFL, flags & ~O_NONBLOCK)
                return .descriptor(ready, closeOnExec: closes)
            }
        }
        FifoWaiter.start {
            let opened = ukf_reopen(descriptor, flags)
            close(descriptor)
            if opened >= 0 {
                call.reply(.success(.descriptor(opened, closeOnExec: closes)))
            } else {
                call.reply(.failure(Errno(rawValue: -opened)))
            }
        }
        return .later
    }
}

/// A thread for one call that waits.
private enum FifoWaiter {
    private final class Work {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    static func start(_ body: @escaping @Sendable () -> Void) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, 128 << 10)
        defer { pthread_attr_destroy(&attributes) }
        var thread = pthread_t()
        let work = Unmanaged.passRetained(Work(body))
        let result = pthread_create(
            &thread, &attributes,
            { argument in
                Unmanaged<Work>.fromOpaque(argument!).takeRetainedValue().body()
                return nil
            }, work.toOpaque())
        if result != 0 { work.release() }
    }
}
