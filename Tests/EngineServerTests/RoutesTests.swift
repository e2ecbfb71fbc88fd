import Engine
import EngineServer
import EngineTestSupport
import Foundation
import Logging
import NIOHTTP1
import Testing

@Suite struct RoutesTests {
    private func engine(_ scratch: Scratch) async throws -> Engine {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return try await Engine(configuration: scratch.configuration, manager: FakeManager(), logger: logger)
    }

    /// Every call of the API's description has an answer of its own, if only "not implemented".
    @Test func everyCallOfTheDescriptionIsRouted() async throws {
        let scratch = Scratch()
        let routes = Set(Routes.all(try await engine(scratch)).map { "\($0.method) \($0.pattern)" })
        let url = try #require(Bundle.module.url(forResource: "paths", withExtension: "txt", subdirectory: "Resources"))
        let calls = try String(contentsOf: url, encoding: .utf8).split(separator: "\n").map(String.init)
        #expect(calls.count == 107)
        #expect(calls.filter { !routes.contains($0) } == [])
    }

    /// What is answered with 501 is told to people as well.
    @Test func whatIsNotImplementedIsListed() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let status = try String(contentsOf: root.appendingPathComponent("docs/status.md"), encoding: .utf8)
        for (method, pattern) in Routes.missing {
            #expect(status.contains("`\(method) \(pattern)`"), "\(method) \(pattern)")
        }
    }

    @Test func namesOfImagesMayHaveSlashes() {
        let route = Route(.GET, "/images/{name}/json") { _, _ in }
        #expect(route.match("images/library/busybox:1/json".split(separator: "/")) == ["name": "library/busybox:1"])
        #expect(route.match("images/a%2Fb/json".split(separator: "/")) == ["name": "a/b"])
        #expect(route.match("images/json".split(separator: "/")) == nil)
        #expect(
            Route(.GET, "/containers/{id}/json") { _, _ in }.match("containers/a/b/json".split(separator: "/")) == nil)
    }

    @Test func theVersionIsNegotiatedInThePath() {
        #expect(Target("/v1.41/info").version == APIVersion(1, 41))
        #expect(Target("/v1.41/info").path == "/info")
        #expect(Target("/info").version == .newest)
        #expect(Target("/v1.50/info").problem == nil)
        #expect(
            Target("/v1.51/info").problem == "client version 1.51 is too new. Maximum supported API version is 1.50")
        #expect(
            Target("/v1.23/info").problem?.hasPrefix(
                "client version 1.23 is too old. Minimum supported API version is 1.24") == true)
        #expect(Target("/version").path == "/version")
        #expect(Target("/volumes/v1.2").path == "/volumes/v1.2")
    }

    @Test func parametersAreDecoded() {
        let query = Target("/x?filters=%7B%22a%22%3A%5B%22b%22%5D%7D&all=1&t=&name=a+b%2Bc&names=x&names=y").query
        #expect(query["filters"] == #"{"a":["b"]}"#)
        #expect(query.flag("all"))
        #expect(!query.flag("t"))
        #expect(!query.flag("missing"))
        #expect(query.flag("missing", default: true))
        #expect(query["name"] == "a b+c")
        #expect(query.all("names") == ["x", "y"])
        #expect(Query("f=False&g=0&h=yes").flag("h") && !Query("f=False&g=0").flag("f") && !Query("g=0").flag("g"))
    }
}
