import EngineAPI
import Foundation
import Testing

@Suite struct DecodingTests {
    @Test func missingAndNullFieldsAreBlank() throws {
        let json =
            #"{"Image":"x","Cmd":null,"Env":null,"Tty":null,"HostConfig":{"Binds":null,"Memory":null},"Later":[1]}"#
        let request = try EngineJSON.decode(ContainerCreateRequest.self, from: json.utf8)
        #expect(request.config.image == "x")
        #expect(request.config.cmd == nil)
        #expect(!request.config.tty)
        #expect(request.hostConfig.binds == nil)
        #expect(request.hostConfig.memory == 0)
        #expect(request.networkingConfig == NetworkingConfig())
    }

    @Test func aCommandMayBeOneString() throws {
        #expect(try EngineJSON.decode(ContainerConfig.self, from: #"{"Cmd":"top"}"#.utf8).cmd == ["top"])
        #expect(try EngineJSON.decode(ContainerConfig.self, from: #"{"Cmd":["a","b"]}"#.utf8).cmd == ["a", "b"])
    }

    @Test func aFieldOfTheWrongTypeIsNamed() {
        #expect(throws: DecodingError.self) {
            try EngineJSON.decode(ContainerCreateRequest.self, from: #"{"Image":"x","Env":"A=b"}"#.utf8)
        }
    }

    @Test func aCreateRequestComesBackAsItWasSent() throws {
        var config = ContainerConfig()
        config.image = "busybox"
        config.cmd = ["sh"]
        config.labels = ["a": "b"]
        var host = HostConfig()
        host.autoRemove = true
        host.portBindings = ["80/tcp": [PortBinding(hostIP: "", hostPort: "8080")], "81/tcp": nil]
        let request = ContainerCreateRequest(config: config, hostConfig: host)
        #expect(try EngineJSON.decode(ContainerCreateRequest.self, from: EngineJSON.encode(request)) == request)
    }

    @Test func bothFormsOfFiltersAreRead() throws {
        #expect(try Filters(json: #"{"label":["a","b=c"]}"#)["label"] == ["a", "b=c"])
        #expect(try Filters(json: #"{"label":{"a":true,"b":false}}"#)["label"] == ["a"])
        #expect(throws: (any Error).self) { try Filters(json: "[]") }
    }

    /// Every key that is written has to be one of the API's description.
    @Test func namesAreTheAPIs() throws {
        let url = try #require(
            Bundle.module.url(forResource: "definitions", withExtension: "txt", subdirectory: "Resources"))
        var names: [String: Set<String>] = [:]
        for line in try String(contentsOf: url, encoding: .utf8).split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            names[words[0]] = Set(words.dropFirst())
        }
        func check(_ definition: String, _ value: some Encodable, except: Set<String> = []) throws {
            let object = try JSONSerialization.jsonObject(with: Data(EngineJSON.encode(value))) as? [String: Any]
            let known = try #require(names[definition])
            let unknown = Set(try #require(object).keys).subtracting(known).subtracting(except)
            #expect(unknown.isEmpty, "\(definition): \(unknown)")
        }
        try check("ContainerConfig", ContainerConfig())
        try check("HostConfig", HostConfig())
        try check("ContainerState", ContainerState())
        try check("ContainerInspectResponse", ContainerInspect())
        try check("ContainerSummary", ContainerSummary())
        try check("NetworkSettings", NetworkSettings())
        try check("EndpointSettings", EndpointSettings())
        try check("ImageInspect", ImageInspect())
        try check("ImageSummary", ImageSummary())
        try check("Network", Network())
        try check("IPAM", IPAM())
        try check("Volume", Volume())
        // Go's daemon counts goroutines, ours threads, under the same name.
        try check("SystemInfo", SystemInfo())
        try check("SystemVersion", SystemVersion())
        try check("Mount", Mount())
        try check("MountPoint", MountPoint())
        try check("ContainerStatsResponse", ContainerStats())
        try check("EventMessage", EventMessage())
        try check("ContainerWaitResponse", ContainerWaitResponse())
        try check("ContainerCreateResponse", ContainerCreateResponse())
        try check("ContainerTopResponse", ContainerTop())
        try check("RestartPolicy", RestartPolicy())
        try check("PortBinding", PortBinding())
        try check("HealthConfig", HealthConfig())
        try check("FilesystemChange", FilesystemChange())
        try check("ImageDeleteResponseItem", ImageDeleteItem())
    }
}
