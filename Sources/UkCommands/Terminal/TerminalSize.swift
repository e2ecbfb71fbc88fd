import EngineClient
import Host
import SystemPackage

/// Tells the engine the size of the user's terminal.
struct TerminalSize: Sendable {
    /// `/containers/ID` or `/exec/ID`.
    var path: String
    var client: EngineClient

    /// Sends the size once, again while the engine says that the process is not there yet: the first resize races with
    /// the start.
    func sendFirst() async {
        for attempt in 0..<10 {
            if await send() || Task.isCancelled { return }
            try? await Task.sleep(for: .milliseconds(10 * (attempt + 1)))
        }
    }

    /// Sends the size; false when the engine could not use it.
    @discardableResult
    func send() async -> Bool {
        guard let size = Terminal.size(of: .standardOutput) ?? Terminal.size(of: .standardInput),
            size.rows > 0 || size.columns > 0
        else { return true }
        let request = EngineRequest(
            "POST", path + "/resize", query: [("h", String(size.rows)), ("w", String(size.columns))])
        return (try? await client.withResponse(request) { _ in }) != nil
    }
}
