import EngineClient

/// Waits for a container's end.
struct ExitWaiter: Sendable {
    private let task: Task<JSONValue, any Error>

    /// Asks the engine for the container's end. When this returns the engine is waiting already, so an end that comes
    /// after it is never missed.
    ///
    /// - Parameter condition: "not-running", "next-exit" or "removed".
    static func begin(_ client: EngineClient, _ id: String, condition: String) async throws -> ExitWaiter {
        let request = EngineRequest(
            "POST", Engine.container(id, "/wait"), query: [("condition", condition)])
        let (ready, begun) = AsyncThrowingStream<Void, any Error>.makeStream()
        let task = Task {
            do {
                return try await client.withResponse(request) { response in
                    begun.yield()
                    begun.finish()
                    return try await response.json()
                }
            } catch {
                begun.finish(throwing: error)
                throw error
            }
        }
        for try await _ in ready {}
        return ExitWaiter(task: task)
    }

    /// The container's exit code.
    func value() async throws -> Int32 {
        let answer = try await task.value
        if let message = answer["Error"]?["Message"]?.string, !message.isEmpty {
            throw EngineError.refused(status: 500, message: message)
        }
        guard let code = answer["StatusCode"]?.integer else {
            throw EngineError.protocolViolation("the end of a container without an exit code")
        }
        return Int32(truncatingIfNeeded: code)
    }

    /// Stops waiting.
    func cancel() { task.cancel() }
}
