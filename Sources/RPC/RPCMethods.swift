/// A method that takes one message and answers with one.
public struct UnaryMethod<Request, Response>: Sendable {
    /// `/package.Service/Method`
    public let path: String
    /// Names the method by its path.
    public init(_ path: String) { self.path = path }
}

/// A method that takes one message and answers with a stream.
public struct ServerStreamingMethod<Request, Response>: Sendable {
    /// `/package.Service/Method`
    public let path: String
    /// Names the method by its path.
    public init(_ path: String) { self.path = path }
}

/// A method that takes a stream and answers with one message.
public struct ClientStreamingMethod<Request, Response>: Sendable {
    /// `/package.Service/Method`
    public let path: String
    /// Names the method by its path.
    public init(_ path: String) { self.path = path }
}

/// A method that takes a stream and answers with one, each at its own pace.
public struct BidirectionalMethod<Request, Response>: Sendable {
    /// `/package.Service/Method`
    public let path: String
    /// Names the method by its path.
    public init(_ path: String) { self.path = path }
}
