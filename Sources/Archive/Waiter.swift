// Unsafe pointers: a POSIX semaphore must not move, so it lives on the heap.
import Glibc

/// A thread that waits to be woken once.
package final class Waiter: @unchecked Sendable {
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    package init() {
        sem_init(semaphore, 0, 0)
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    package func wait() {
        while sem_wait(semaphore) != 0, errno == EINTR {}
    }

    package func wake() {
        sem_post(semaphore)
    }
}
