import Engine
import EngineAPI
import NIOHTTP1

/// All calls of the API that are answered, by the API's own tags; each file adds those of one kind of object.
package enum Routes {
    package static func all(_ engine: Engine) -> [Route] {
        let implemented =
            system(engine) + containers(engine) + streams(engine) + execs(engine) + images(engine) + volumes(engine)
            + networks(engine) + archives(engine) + registries(engine)
        return implemented + missing.map { missing($0) } + swarm.map { outsideSwarm($0) }
            + plugins.map { withoutPlugin($0) }
    }

    /// The calls of the API's description that are answered with 501. `docs/status.md` says the same to people.
    package static let missing: [(HTTPMethod, String)] = [
        (.GET, "/containers/{id}/attach/ws"), (.GET, "/containers/{id}/changes"),
        (.POST, "/build"), (.POST, "/build/prune"), (.POST, "/build/cancel"), (.POST, "/commit"), (.POST, "/session"),
        (.POST, "/grpc"),
        (.GET, "/images/search"),
        (.PUT, "/volumes/{name}"),
        (.POST, "/networks/create"), (.DELETE, "/networks/{id}"), (.POST, "/networks/{id}/connect"),
        (.POST, "/networks/{id}/disconnect"),
        (.GET, "/plugins/privileges"), (.POST, "/plugins/pull"), (.POST, "/plugins/{name}/upgrade"),
        (.POST, "/plugins/create"), (.POST, "/swarm/init"), (.POST, "/swarm/join"),
    ]

    /// The calls about a plugin: there is none, and none can be installed.
    static let plugins: [(HTTPMethod, String)] = [
        (.GET, "/plugins/{name}/json"), (.DELETE, "/plugins/{name}"), (.POST, "/plugins/{name}/enable"),
        (.POST, "/plugins/{name}/disable"), (.POST, "/plugins/{name}/push"), (.POST, "/plugins/{name}/set"),
    ]

    /// The calls that only make sense on a member of a swarm, which this engine never is.
    static let swarm: [(HTTPMethod, String)] = [
        (.GET, "/nodes"), (.GET, "/nodes/{id}"), (.DELETE, "/nodes/{id}"), (.POST, "/nodes/{id}/update"),
        (.GET, "/swarm"), (.POST, "/swarm/leave"), (.POST, "/swarm/update"), (.GET, "/swarm/unlockkey"),
        (.POST, "/swarm/unlock"),
        (.GET, "/services"), (.POST, "/services/create"), (.GET, "/services/{id}"), (.DELETE, "/services/{id}"),
        (.POST, "/services/{id}/update"), (.GET, "/services/{id}/logs"),
        (.GET, "/tasks"), (.GET, "/tasks/{id}"), (.GET, "/tasks/{id}/logs"),
        (.GET, "/secrets"), (.POST, "/secrets/create"), (.GET, "/secrets/{id}"), (.DELETE, "/secrets/{id}"),
        (.POST, "/secrets/{id}/update"),
        (.GET, "/configs"), (.POST, "/configs/create"), (.GET, "/configs/{id}"), (.DELETE, "/configs/{id}"),
        (.POST, "/configs/{id}/update"),
    ]

    private static func outsideSwarm(_ call: (method: HTTPMethod, pattern: String)) -> Route {
        Route(call.method, call.pattern) { _, _ in
            throw EngineError(
                503,
                "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" "
                    + "to connect this node to swarm and try again.")
        }
    }

    private static func withoutPlugin(_ call: (method: HTTPMethod, pattern: String)) -> Route {
        Route(call.method, call.pattern) { _, holes in
            throw EngineError(404, "plugin \"\(holes.name)\" not found")
        }
    }

    private static func missing(_ call: (method: HTTPMethod, pattern: String)) -> Route {
        Route(call.method, call.pattern) { _, _ in
            throw EngineError(501, "\(call.method) \(call.pattern): not implemented")
        }
    }
}

extension Call {
    /// The `filters` parameter.
    ///
    /// - Throws: `EngineError` with 400.
    func filters() throws -> Filters {
        guard let text = query["filters"] else { return Filters() }
        do { return try Filters(json: text) } catch {
            throw EngineError(400, "invalid filter: the parameter 'filters' is no JSON object of lists")
        }
    }

    /// A whole number.
    ///
    /// - Throws: `EngineError` with 400 when the parameter is given and none.
    func number(_ name: String) throws -> Int? {
        guard let text = query[name] else { return nil }
        guard let number = Int(text) else {
            throw EngineError(400, "invalid value for '\(name)': \"\(text)\" is not a number")
        }
        return number
    }

    /// A time.
    ///
    /// - Throws: `EngineError` with 400 when the parameter is given and none.
    func time(_ name: String) throws -> Timestamp? {
        guard let text = query[name], text != "0" else { return nil }
        guard let time = Timestamp(text) else {
            throw EngineError(400, "invalid value for '\(name)': \"\(text)\" is not a time")
        }
        return time
    }
}

extension [String: String] {
    /// The hole `{id}`.
    var id: String { self["id"] ?? "" }
    /// The hole `{name}`.
    var name: String { self["name"] ?? "" }
}
