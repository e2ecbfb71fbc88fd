import RPC

/// A call's failure as it travels in a response's status.
public struct TTRPCError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The code: ttrpc shares gRPC's.
    public var code: RPCCode
    /// The text, in the field's words where clients match on them.
    public var message: String

    /// An error with `code` and `message`.
    public init(_ code: RPCCode, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message alone: the code is for programs.
    public var description: String { message }
}
