import Engine
import EngineAPI
import NIOHTTP1

extension Routes {
    /// Volumes.
    static func volumes(_ engine: Engine) -> [Route] {
        [
            Route(.GET, "/volumes") { call, _ in
                try await call.reply(json: try await engine.volumes(filters: try call.filters()))
            },
            Route(.POST, "/volumes/create") { call, _ in
                let request = try await call.readJSON(VolumeCreateRequest.self) ?? VolumeCreateRequest()
                try await call.reply(.created, json: try await engine.createVolume(request))
            },
            Route(.POST, "/volumes/prune") { call, _ in
                var filters = try call.filters()
                // Before API 1.42 named volumes were pruned as well.
                if call.version < APIVersion(1, 42) { filters.values["all"] = ["true"] }
                try await call.reply(json: try await engine.pruneVolumes(filters: filters))
            },
            Route(.GET, "/volumes/{name}") { call, holes in
                try await call.reply(json: try await engine.volume(holes.name))
            },
            Route(.DELETE, "/volumes/{name}") { call, holes in
                try await engine.deleteVolume(holes.name, force: call.query.flag("force"))
                try await call.reply(.noContent)
            },
        ]
    }

    /// Networks: those that are always there.
    static func networks(_ engine: Engine) -> [Route] {
        [
            Route(.GET, "/networks") { call, _ in
                try await call.reply(json: await engine.networks(filters: try call.filters()))
            },
            Route(.GET, "/networks/{id}") { call, holes in
                try await call.reply(json: try await engine.network(holes.id))
            },
            Route(.POST, "/networks/prune") { call, _ in
                var response = PruneResponse()
                response.networksDeleted = []
                try await call.reply(json: response)
            },
        ]
    }
}
