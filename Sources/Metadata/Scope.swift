import RPC

/// In whose name something is done: every name but a namespace's own lives in a namespace, and what is made under a
/// lease is kept while the lease is.
public struct Scope: Sendable, Hashable {
    /// The namespace that names are looked up in.
    public var namespace: String
    /// The lease that gets what is made.
    public var lease: String?

    /// A scope in a namespace, with a lease or without.
    public init(namespace: String, lease: String? = nil) {
        self.namespace = namespace
        self.lease = lease
    }
}
