import Engine
import EngineAPI
import NIOHTTP1

extension Routes {
    /// `_ping`, `version`, `info`, `events`, `system/df`.
    static func system(_ engine: Engine) -> [Route] {
        let noCache: HTTPHeaders = [
            "Cache-Control": "no-cache, no-store, must-revalidate", "Pragma": "no-cache",
            "Content-Type": "text/plain; charset=utf-8",
        ]
        return [
            Route(.GET, "/_ping") { call, _ in
                try await call.reply(.ok, bytes: Array("OK".utf8), headers: noCache)
            },
            Route(.HEAD, "/_ping") { call, _ in
                var headers = noCache
                headers.add(name: "Content-Length", value: "0")
                try await call.reply(.ok, bytes: [], headers: headers)
            },
            Route(.GET, "/version") { call, _ in
                try await call.reply(
                    json: await engine.version(
                        newest: APIVersion.newest.description, oldest: APIVersion.oldest.description))
            },
            Route(.GET, "/info") { call, _ in try await call.reply(json: await engine.info()) },
            Route(.GET, "/system/df") { call, _ in try await call.reply(json: try await engine.diskUsage()) },
            Route(.GET, "/events") { call, _ in try await events(call, engine) },
            Route(.GET, "/plugins") { call, _ in try await call.reply(json: [EmptyObject]()) },
        ]
    }

    /// Past events of the span that was asked for, then new ones until the client leaves or the span ends.
    private static func events(_ call: Call, _ engine: Engine) async throws {
        let filters = try call.filters()
        let (since, until) = (try call.time("since"), try call.time("until"))
        if let since, let until, since > until {
            throw EngineError(
                400,
                "`since` time (\(call.query["since"] ?? "")) cannot be after `until` time (\(call.query["until"] ?? ""))"
            )
        }
        // With only an end given, the past is meant.
        let stream = engine.events.subscribe(since: since ?? (until == nil ? nil : .zero))
        let writer = try await call.stream(contentType: "application/json")
        let timer = until.map { until in
            Task {
                let left = until.nanosecondsSince1970 - Timestamp.now.nanosecondsSince1970
                try await Task.sleep(for: .nanoseconds(max(0, left)))
            }
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await event in stream {
                    if let until, event.timeNano > until.nanosecondsSince1970 { return }
                    if event.passes(filters) { try await writer.write(json: event) }
                }
            }
            if let timer { group.addTask { try await timer.value } }
            try await group.next()
            group.cancelAll()
            timer?.cancel()
        }
    }
}
