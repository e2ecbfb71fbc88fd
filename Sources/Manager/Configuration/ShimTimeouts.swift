/// How long a shim may take, by what it is asked for.
struct ShimTimeouts: Sendable, Equatable {
    /// To take down a task that nobody wants any more.
    var cleanup: Duration = .seconds(5)
    /// To answer a manager that has just started.
    var load: Duration = .seconds(10)
    /// To go once it is told to.
    var shutdown: Duration = .seconds(3)
    /// To say in which state a task is.
    var state: Duration = .seconds(5)

    /// containerd's names, as config.toml has them in `[timeouts]`.
    static let names: [(name: String, path: WritableKeyPath<ShimTimeouts, Duration> & Sendable)] = [
        ("io.containerd.timeout.shim.cleanup", \.cleanup), ("io.containerd.timeout.shim.load", \.load),
        ("io.containerd.timeout.shim.shutdown", \.shutdown), ("io.containerd.timeout.task.state", \.state),
    ]

    /// Takes over those of `milliseconds` that are more than nothing.
    mutating func apply(_ milliseconds: [String: Int64]) {
        for (name, path) in Self.names {
            if let value = milliseconds[name], value > 0 { self[keyPath: path] = .milliseconds(value) }
        }
    }
}
