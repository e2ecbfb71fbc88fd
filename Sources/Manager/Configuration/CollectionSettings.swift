/// When garbage is collected: containerd's `io.containerd.gc.v1.scheduler`, with defaults of our own.
package struct CollectionSettings: Sendable, Equatable {
    /// Deletions that make a collection due; 0: deletions alone make none.
    package var deletionThreshold = 1
    /// The part of the time that collections may take, at most 0.5: after a long one the next waits.
    package var pauseThreshold = 0.02
    /// Milliseconds from when a collection is due until it begins, so that more deletions can join.
    package var scheduleDelay: Int64 = 100
    /// Milliseconds from the start of the manager to its first collection.
    package var startupDelay: Int64 = 0

    /// The defaults: everything goes soon after what refers to it.
    package init() {}
}
