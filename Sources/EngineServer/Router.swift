import Engine
import NIOHTTP1

/// One call of the API: a method, a path with `{holes}`, and what is done.
package struct Route: Sendable {
    package var method: HTTPMethod
    /// As the API's description writes it: `/containers/{id}/json`.
    package var pattern: String
    package var handler: @Sendable (Call, [String: String]) async throws -> Void

    package init(
        _ method: HTTPMethod, _ pattern: String,
        _ handler: @escaping @Sendable (Call, [String: String]) async throws -> Void
    ) {
        self.method = method
        self.pattern = pattern
        self.handler = handler
    }

    /// The values of the holes when `path` (split at slashes) fits. `{name}` takes any number of segments, for names of
    /// images have slashes; other holes take one.
    package func match(_ path: [Substring]) -> [String: String]? {
        let parts = pattern.split(separator: "/")
        var values: [String: String] = [:]
        var index = 0
        for (number, part) in parts.enumerated() {
            if part == "{name}" {
                let count = path.count - index - (parts.count - number - 1)
                guard count >= 1 else { return nil }
                values["name"] = path[index..<index + count].map { Query.decode($0) }.joined(separator: "/")
                index += count
            } else {
                guard index < path.count else { return nil }
                if part.first == "{" {
                    values[String(part.dropFirst().dropLast())] = Query.decode(path[index])
                } else if part != path[index] {
                    return nil
                }
                index += 1
            }
        }
        return index == path.count ? values : nil
    }
}

/// Finds the route of a call and turns what it throws into the API's error answer.
struct Router: Sendable {
    private var routes: [String: [Route]] = [:]

    init(_ routes: [Route]) {
        for route in routes {
            self.routes[Router.first(route.pattern.split(separator: "/")), default: []].append(route)
        }
    }

    /// Routes are kept by the first segment of their path, which is never a hole.
    private static func first(_ path: [Substring]) -> String { path.first.map { String($0) } ?? "" }

    func serve(_ call: Call) async {
        do {
            if let problem = call.versionProblem { throw EngineError(400, problem) }
            let path = call.path.split(separator: "/")
            let candidates = routes[Router.first(path)] ?? []
            var otherMethod = false
            for route in candidates {
                guard let values = route.match(path) else { continue }
                guard route.method == call.method else {
                    otherMethod = true
                    continue
                }
                try await route.handler(call, values)
                return
            }
            throw otherMethod ? EngineError(405, "method not allowed") : EngineError(404, "page not found")
        } catch let error as EngineError {
            await call.fail(error)
        } catch is CancellationError {
            await call.fail(EngineError(499, "the client closed the connection"))
        } catch is ClientGone {
            await call.fail(EngineError(499, "the client closed the connection"))
        } catch {
            await call.fail(EngineError(500, "\(error)"))
        }
    }
}
