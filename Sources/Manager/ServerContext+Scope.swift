import GRPC
import Metadata
import RPC

extension ServerContext {
    /// The namespace and the lease in whose name the call is made.
    ///
    /// - Throws: `RPCError` (failed precondition) when the client names no namespace.
    func scope() throws -> Scope {
        guard let namespace = metadata["containerd-namespace"], !namespace.isEmpty else {
            throw RPCError.failedPrecondition("namespace is required")
        }
        try Identifier.validate(namespace)
        return Scope(namespace: namespace, lease: metadata["containerd-lease"])
    }
}
