import RPC
import Synchronization

/// What a server has counted of the calls of one method since it started.
public struct MethodStatistics: Sendable {
    /// Which sides stream, in the words of Go's gRPC metrics.
    public enum Form: String, Sendable {
        case unary
        case clientStream = "client_stream"
        case serverStream = "server_stream"
        case bidirectionalStream = "bidi_stream"
    }

    /// Upper bounds, in seconds, of all buckets of `durations` but the last, which has none.
    public static let bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

    /// `/package.Service/Method`
    public let path: String
    /// Which sides stream.
    public let form: Form
    /// Calls that have begun.
    public var started = 0
    /// Messages that clients sent.
    public var received = 0
    /// Messages that were sent to clients.
    public var sent = 0
    /// Calls that have ended, by their outcome.
    public var handled: [RPCCode: Int] = [:]
    /// Calls that have ended, by how long they took.
    public var durations = [Int](repeating: 0, count: bounds.count + 1)
    /// How long all calls that have ended took.
    public var seconds = 0.0
}

/// Counts the calls of one method.
final class MethodTally: Sendable {
    private let state: Mutex<MethodStatistics>

    init(path: String, form: MethodStatistics.Form) {
        state = Mutex(MethodStatistics(path: path, form: form))
    }

    var statistics: MethodStatistics { state.withLock { $0 } }

    func started() { state.withLock { $0.started += 1 } }
    func received() { state.withLock { $0.received += 1 } }
    func sent() { state.withLock { $0.sent += 1 } }

    func handled(_ code: RPCCode, after duration: Duration) {
        let seconds = duration / .seconds(1)
        let bucket = MethodStatistics.bounds.firstIndex { seconds <= $0 } ?? MethodStatistics.bounds.count
        state.withLock {
            $0.handled[code, default: 0] += 1
            $0.durations[bucket] += 1
            $0.seconds += seconds
        }
    }
}
