import ContainerdAPI
import SwiftProtobuf

extension Shim {
    /// What the task uses now; nil when the shim cannot tell.
    func metric() async -> Containerd_Types_Metric? {
        var message = Containerd_Task_V2_StatsRequest()
        message.id = bundle.id
        guard let stats = try? await call(TaskV2Service.stats, message, timeout: .seconds(10)) else { return nil }
        var metric = Containerd_Types_Metric()
        metric.id = bundle.id
        metric.timestamp = .now
        metric.data = stats.stats
        return metric
    }
}

extension [Shim] {
    /// What `body` makes of each shim, all asked at once, in their order.
    func concurrently<R: Sendable>(_ body: @escaping @Sendable (Shim) async -> R?) async -> [R] {
        await withTaskGroup(of: (Int, R?).self) { group in
            for (index, shim) in enumerated() { group.addTask { (index, await body(shim)) } }
            var results: [(Int, R)] = []
            for await (index, result) in group {
                if let result { results.append((index, result)) }
            }
            return results.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }
}
