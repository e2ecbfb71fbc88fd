/// An error that knows the status it is answered with.
public protocol RPCErrorConvertible: Error {
    /// The code and message for the client.
    var rpcError: RPCError { get }
}
