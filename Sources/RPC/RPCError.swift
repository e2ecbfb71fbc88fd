/// The failure of a remote call: what a server answers with and what a client throws.
///
/// The stores of the manager throw it as well, so that an error keeps its code from the place where it arises.
public struct RPCError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What went wrong, in gRPC's words.
    public var code: RPCCode
    /// Names the object and the way out.
    public var message: String
    /// The serialised `google.rpc.Status` of `grpc-status-details-bin`; empty when the server sent none.
    public var details: [UInt8]

    /// An error with a code, a message and, if any, the bytes of `google.rpc.Status`.
    public init(code: RPCCode, message: String, details: [UInt8] = []) {
        self.code = code
        self.message = message
        self.details = details
    }

    /// An error without details.
    public init(_ code: RPCCode, _ message: String) {
        self.init(code: code, message: message)
    }

    /// As Go's gRPC prints a status.
    public var description: String { "rpc error: code = \(code) desc = \(message)" }
}

extension RPCError {
    /// `message: not found`, the form that containerd's clients know.
    public static func notFound(_ what: String) -> RPCError { RPCError(.notFound, "\(what): not found") }
    /// `message: already exists`
    public static func alreadyExists(_ what: String) -> RPCError { RPCError(.alreadyExists, "\(what): already exists") }
    /// `message: invalid argument`
    public static func invalidArgument(_ what: String) -> RPCError {
        RPCError(.invalidArgument, "\(what): invalid argument")
    }
    /// `message: failed precondition`
    public static func failedPrecondition(_ what: String) -> RPCError {
        RPCError(.failedPrecondition, "\(what): failed precondition")
    }
    /// `message: unavailable`
    public static func unavailable(_ what: String) -> RPCError { RPCError(.unavailable, "\(what): unavailable") }
    /// `message: not implemented`
    public static func unimplemented(_ what: String) -> RPCError {
        RPCError(.unimplemented, "\(what): not implemented")
    }
}
