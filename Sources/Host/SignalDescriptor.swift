import CHost
import SystemPackage

/// Signals as something to be read: from its making on, the thread's signals (but those of faults) are blocked and wait
/// here. Children started with `Spawn` do not inherit the block.
public struct SignalDescriptor: Sendable {
    /// For poll(2); becomes readable when a signal waits.
    public var descriptor: FileDescriptor

    /// Blocks the calling thread's signals. To be called before other threads are started.
    ///
    /// - Parameter others: signals that are left as they are.
    public init(except others: [CInt] = []) throws {
        let fd = ukh_signal_descriptor(others, CInt(others.count))
        descriptor = FileDescriptor(rawValue: try HostError.check(fd, "open", "signal descriptor"))
    }

    /// The next signal that waits, or nil.
    public func next() -> CInt? {
        let signal = ukh_next_signal(descriptor.rawValue)
        return signal > 0 ? signal : nil
    }
}
