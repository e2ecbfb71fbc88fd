// Unsafe: owns a completion queue of the C core, and turns its tags back into objects.
import CGRPC
import CGRPCSupport
import Glibc

/// Something that the completion queue tells about once.
class Completion {
    /// Called on the queue's thread: must not block.
    func complete(_ success: Bool) {
        preconditionFailure("a completion says what follows it")
    }

    /// The tag to hand to the core. The core gives it back exactly once, which releases it.
    final func retainedTag() -> UnsafeMutableRawPointer {
        Unmanaged.passRetained(self).toOpaque()
    }

    /// Undoes `retainedTag` when the core refused the operation.
    static func release(tag: UnsafeMutableRawPointer) {
        Unmanaged<Completion>.fromOpaque(tag).release()
    }
}

/// A completion queue and the thread that drives its I/O and delivers its completions.
///
/// Everything that starts operations on the queue holds a strong reference to it, so that it shuts down only when
/// nothing is under way.
final class CompletionQueue: @unchecked Sendable {
    let raw: OpaquePointer

    init(threadName: String) {
        GRPCLibrary.start()
        raw = grpc_completion_queue_create_for_next(nil)
        let queue = Loop(raw: raw)
        Self.startThread(named: threadName) { queue.run() }
    }

    deinit {
        // The thread sees the end of the queue, destroys it and ends.
        grpc_completion_queue_shutdown(raw)
    }

    /// The thread's view of the queue: it does not keep `CompletionQueue` alive.
    private struct Loop: @unchecked Sendable {
        let raw: OpaquePointer

        func run() {
            let forever = gpr_inf_future(GPR_CLOCK_REALTIME)
            while true {
                let event = grpc_completion_queue_next(raw, forever, nil)
                switch event.type {
                case GRPC_OP_COMPLETE:
                    let completion = Unmanaged<Completion>.fromOpaque(event.tag).takeRetainedValue()
                    completion.complete(event.success != 0)
                case GRPC_QUEUE_SHUTDOWN:
                    grpc_completion_queue_destroy(raw)
                    return
                default:
                    continue
                }
            }
        }
    }

    /// Runs `body` on a detached thread of its own.
    static func startThread(named name: String, _ body: @escaping @Sendable () -> Void) {
        final class Body {
            let name: String
            let run: @Sendable () -> Void
            init(_ name: String, _ run: @escaping @Sendable () -> Void) {
                self.name = name
                self.run = run
            }
        }
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        var thread = pthread_t()
        let context = Unmanaged.passRetained(Body(name, body)).toOpaque()
        let error = pthread_create(
            &thread, &attributes,
            { context in
                let body = Unmanaged<Body>.fromOpaque(context!).takeRetainedValue()
                ukgrpc_name_thread(body.name)
                body.run()
                return nil
            }, context)
        pthread_attr_destroy(&attributes)
        precondition(error == 0, "no thread for \(name): \(String(cString: strerror(error)))")
    }
}
