/// A call's failure as it travels in a response's status.
public struct TTRPCError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The gRPC code.
    public var code: StatusCode
    /// The text, in the field's words where clients match on them.
    public var message: String

    /// An error with `code` and `message`.
    public init(_ code: StatusCode, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message alone: the code is for programs.
    public var description: String { message }
}
