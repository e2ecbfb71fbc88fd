import CFiles
import Glibc
import SystemPackage

/// Opening a fifo, which waits for the other end (fifo(7)).
///
/// A thread of its own waits in the caller's place, until the caller is interrupted or killed.
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
        return try call.kernel.blocking.start(call) {
            let opened = ukf_reopen(descriptor, flags)
            close(descriptor)
            return opened >= 0
                ? .success(.descriptor(opened, closeOnExec: closes)) : .failure(Errno(rawValue: -opened))
        }
    }
}
