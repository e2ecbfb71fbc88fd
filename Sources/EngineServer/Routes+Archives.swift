import Engine
import EngineAPI
import NIOHTTP1

extension Routes {
    /// Containers' files as archives.
    static func archives(_ engine: Engine) -> [Route] {
        let patterns: [(HTTPMethod, String)] = [
            (.GET, "/containers/{id}/archive"), (.PUT, "/containers/{id}/archive"),
            (.HEAD, "/containers/{id}/archive"), (.GET, "/containers/{id}/export"),
        ]
        return patterns.map { method, pattern in
            Route(method, pattern) { _, _ in throw EngineError(501, "\(method) \(pattern): not implemented") }
        }
    }
}
