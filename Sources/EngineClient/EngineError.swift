/// What can go wrong between a client and its engine.
public enum EngineError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The engine said no: the HTTP status and the `message` of its answer.
    case refused(status: Int, message: String)
    /// Nobody answers at the address.
    case unreachable(address: String, reason: String)
    /// The connection broke off in the middle of an answer.
    case interrupted(address: String, reason: String)
    /// The text is no address of an engine.
    case badAddress(String)
    /// The engine's answer is not what the Engine API has there.
    case protocolViolation(String)

    /// The failure in words.
    public var description: String {
        switch self {
        case .refused(_, let message): "Error response from daemon: \(message)"
        case .unreachable(let address, let reason):
            "Cannot connect to the Docker daemon at \(address) (\(reason)). Is the docker daemon running? "
                + "Start it with `ukd`, or name another engine with -H or DOCKER_HOST"
        case .interrupted(let address, let reason):
            "lost the connection to the engine at \(address): \(reason)"
        case .badAddress(let text):
            "unable to parse docker host `\(text)`: use unix:///path/of/socket or tcp://host:port"
        case .protocolViolation(let what): "unexpected answer of the engine: \(what)"
        }
    }

    /// The HTTP status of a refusal.
    public var status: Int? {
        if case .refused(let status, _) = self { return status }
        return nil
    }
}
