import Engine
import EngineAPI
import EngineTestSupport
import Logging
import Testing

@Suite(.timeLimit(.minutes(10))) struct EngineTests {
    let scratch = Scratch()
    let manager = FakeManager()

    private func engine() async throws -> Engine {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return try await Engine(configuration: scratch.configuration, manager: manager, logger: logger)
    }

    private func request(_ command: [String], _ change: (inout ContainerCreateRequest) -> Void = { _ in })
        -> ContainerCreateRequest
    {
        var config = ContainerConfig()
        config.image = "test"
        config.cmd = command
        var request = ContainerCreateRequest(config: config)
        change(&request)
        return request
    }

    private func output(_ engine: Engine, _ name: String) async throws -> String {
        var options = LogOptions()
        options.stdout = true
        options.stderr = true
        let collector = Collector()
        try await engine.logs(name, options: options) { _ in
        } send: {
            await collector.add($0)
        }
        return await collector.text
    }

    @Test func aRunIsMadeStartedWaitedForAndRemoved() async throws {
        let engine = try await engine()
        let id = try await engine.create(name: "web", request: request(["echo", "hello"])).id
        #expect(try await engine.inspect("web", size: false).state.status == "created")
        let wait = try await engine.wait("web", for: .nextExit)
        try await engine.start("web")
        #expect(try await wait.response.statusCode == 0)
        #expect(try await output(engine, "web") == "hello\n")
        let inspect = try await engine.inspect(String(id.prefix(8)), size: false)
        #expect(inspect.state.status == "exited")
        #expect(inspect.state.finishedAt > inspect.state.startedAt)
        try await engine.remove("web", force: false, volumes: true)
        #expect(await manager.leftovers == 0)
        #expect(
            try Shell.run(
                "test -z \"$(ls \(scratch.path)/data/containers \(scratch.path)/run/containers | grep -v :)\"") == 0)
    }

    @Test func theClientsWordsGoOverTheImages() async throws {
        let engine = try await engine()
        let id = try await engine.create(
            name: nil,
            request: request([]) {
                $0.config.cmd = nil
                $0.config.env = ["MINE=1", "FROM=client"]
                $0.config.tty = true
                $0.hostConfig.memory = 64 << 20
                $0.hostConfig.pidsLimit = 10
                $0.hostConfig.capDrop = ["ALL"]
                $0.hostConfig.capAdd = ["chown"]
                $0.hostConfig.readonlyRootfs = true
                $0.hostConfig.tmpfs = ["/scratch": "size=1m"]
                $0.hostConfig.ulimits = [HostConfig.Ulimit(name: "nofile", soft: 5, hard: 6)]
            }
        ).id
        let spec = try #require(await manager.spec(id))
        #expect(spec.process?.args == ["cat"])
        #expect(spec.process?.cwd == "/work")
        #expect(
            spec.process?.env?.sorted() == [
                "FROM=client", "HOSTNAME=\(id.prefix(12))", "MINE=1", "PATH=/bin", "TERM=xterm",
            ])
        #expect(spec.process?.terminal == true)
        #expect(spec.process?.capabilities?.effective == ["CAP_CHOWN"])
        #expect(spec.process?.rlimits == [.init(type: "RLIMIT_NOFILE", hard: 6, soft: 5)])
        #expect(spec.linux?.resources?.memory?.limit == 64 << 20)
        #expect(spec.linux?.resources?.pids?.limit == 10)
        #expect(spec.root?.readonly == true)
        let places = spec.mounts?.map(\.destination) ?? []
        #expect(places.contains("/scratch") && places.contains("/etc/hosts") && places.contains("/etc/resolv.conf"))
        #expect(try await engine.inspect(id, size: false).config.labels == ["of": "image"])
    }

    @Test func errorsAreMobys() async throws {
        let engine = try await engine()
        await #expect(throws: EngineError(404, "No such container: nix")) { try await engine.start("nix") }
        await #expect(throws: EngineError(404, "No such image: nix:latest")) {
            _ = try await engine.create(name: nil, request: request([]) { $0.config.image = "nix" })
        }
        let id = try await engine.create(name: "one", request: request(["sleep"])).id
        await #expect(
            throws: EngineError(
                409,
                "Conflict. The container name \"/one\" is already in use by container \"\(id)\". "
                    + "You have to remove (or rename) that container to be able to reuse that name.")
        ) { _ = try await engine.create(name: "one", request: request(["sleep"])) }
        try await engine.start("one")
        await #expect(throws: EngineError.notModified) { try await engine.start("one") }
        let error = await #expect(throws: EngineError.self) {
            try await engine.remove("one", force: false, volumes: false)
        }
        #expect(error?.status == 409)
        try await engine.stop("one", timeout: nil, signal: nil)
        #expect(try await engine.inspect("one", size: false).state.exitCode == 143)
        await #expect(throws: EngineError.notModified) { try await engine.stop("one", timeout: nil, signal: nil) }
        await #expect(throws: EngineError.self) { try await engine.kill("one", signal: nil) }
        try await engine.remove("one", force: false, volumes: false)
    }

    @Test func aMissingCommandLeavesAContainerThatSaysSo() async throws {
        let engine = try await engine()
        let id = try await engine.create(name: nil, request: request(["nope"])).id
        let error = await #expect(throws: EngineError.self) { try await engine.start(id) }
        #expect(error?.status == 400)
        #expect(error?.message.contains("executable file not found in $PATH") == true)
        let state = try await engine.inspect(id, size: false).state
        #expect(state.exitCode == 127)
        #expect(state.status == "created")
        let again = try await engine.create(name: nil, request: request(["nope"]) { $0.hostConfig.autoRemove = true })
            .id
        let removal = try await engine.wait(again, for: .removed)
        await #expect(throws: EngineError.self) { try await engine.start(again) }
        #expect(try await removal.response.statusCode == 127)
        try await engine.remove(id, force: false, volumes: false)
        #expect(await manager.leftovers == 0)
    }

    @Test func whatIsRemovedWhileItStartsLeavesNothing() async throws {
        let engine = try await engine()
        let id = try await engine.create(name: nil, request: request(["late"])).id
        async let start: Void = engine.start(id)
        while await !manager.calls.contains("late start") { try await Task.sleep(for: .milliseconds(1)) }
        try await engine.remove(id, force: true, volumes: false)
        _ = try? await start
        #expect(await manager.leftovers == 0)
    }

    @Test func oneThatDoesNotListenIsKilled() async throws {
        let engine = try await engine()
        let id = try await engine.create(name: nil, request: request(["stubborn"])).id
        try await engine.start(id)
        try await engine.stop(id, timeout: 0, signal: "INT")
        #expect(await manager.calls.suffix(2) == ["kill 2", "kill 9"])
        #expect(try await engine.inspect(id, size: false).state.exitCode == 137)
    }

    @Test func attachedClientsSeeAllAndStandardInputEnds() async throws {
        let engine = try await engine()
        let id = try await engine.create(
            name: nil,
            request: request(["cat"]) {
                $0.config.openStdin = true
                $0.config.stdinOnce = true
            }
        ).id
        let attachment = try await engine.attach(
            id, stdin: true, stdout: true, stderr: true, logs: false, stream: true)
        let input = try #require(attachment.input)
        let writing = Task {
            for number in 0..<100 { _ = try await input.write(Array("\(number)\n".utf8)) }
            try await input.end()
        }
        try await engine.start(id)
        var bytes: [UInt8] = []
        while let frames = await attachment.output?.next() { for frame in frames { bytes += frame.bytes } }
        try await writing.value
        #expect(String(decoding: bytes, as: UTF8.self) == (0..<100).map { "\($0)\n" }.joined())
        #expect(try await engine.inspect(id, size: false).state.exitCode == 0)
    }

    @Test func aSlowClientLosesNothing() async throws {
        let engine = try await engine()
        let size = 5 << 20
        let id = try await engine.create(name: nil, request: request(["spam", "\(size)"])).id
        let attachment = try await engine.attach(
            id, stdin: false, stdout: true, stderr: false, logs: false, stream: true)
        try await engine.start(id)
        try await Task.sleep(for: .milliseconds(300))
        var count = 0
        while let frames = await attachment.output?.next() { count += frames.reduce(0) { $0 + $1.bytes.count } }
        #expect(count == size)
        #expect(try await output(engine, id).utf8.count == size)
    }

    @Test func anExecHasItsOwnOutputAndCode() async throws {
        let engine = try await engine()
        let id = try await engine.create(name: nil, request: request(["sleep"])).id
        try await engine.start(id)
        var request = ExecCreateRequest()
        request.cmd = ["echo", "from", "exec"]
        request.attachStdout = true
        let exec = try await engine.createExec(id, request: request).id
        let attachment = try #require(try await engine.beginExec(exec, detach: false))
        try await engine.startExec(exec, consoleSize: nil)
        var bytes: [UInt8] = []
        while let frames = await attachment.output?.next() { for frame in frames { bytes += frame.bytes } }
        #expect(String(decoding: bytes, as: UTF8.self) == "from exec\n")
        #expect(try await engine.inspectExec(exec).exitCode == 0)
        await #expect(throws: EngineError.self) { _ = try await engine.beginExec(exec, detach: false) }

        request.cmd = ["nope"]
        let missing = try await engine.createExec(id, request: request).id
        _ = try await engine.beginExec(missing, detach: true)
        await #expect(throws: EngineError.self) { try await engine.startExec(missing, consoleSize: nil) }
        #expect(try await engine.inspectExec(missing).exitCode == 127)
        try await engine.remove(id, force: true, volumes: false)
        #expect(await manager.leftovers == 0)
    }

    @Test func anotherDaemonOnTheSameFolderIsRefused() async throws {
        let engine = try await engine()
        await #expect(throws: EngineError.self) { _ = try await self.engine() }
        _ = engine
    }

    @Test func aRenamedContainerGivesItsNameBack() async throws {
        let engine = try await engine()
        _ = try await engine.create(name: "old", request: request(["sleep"]))
        try await engine.rename("old", to: "new")
        #expect(try await engine.inspect("new", size: false).name == "/new")
        _ = try await engine.create(name: "old", request: request(["sleep"]))
        await #expect(throws: EngineError.self) { try await engine.rename("old", to: "new") }
    }

    @Test func listsAreFiltered() async throws {
        let engine = try await engine()
        for (name, label) in [("aa", "1"), ("bb", "2")] {
            _ = try await engine.create(name: name, request: request(["sleep"]) { $0.config.labels = ["n": label] })
        }
        try await engine.start("bb")
        func names(_ all: Bool, _ filters: [String: [String]]) async throws -> [String] {
            try await engine.list(all: all, limit: nil, size: false, filters: Filters(filters)).flatMap(\.names)
        }
        #expect(try await names(false, [:]) == ["/bb"])
        #expect(try await names(true, [:]) == ["/bb", "/aa"])
        #expect(try await names(true, ["label": ["n=1"]]) == ["/aa"])
        #expect(try await names(false, ["status": ["created"]]) == ["/aa"])
        #expect(try await names(true, ["name": ["^/b"]]) == ["/bb"])
        #expect(try await names(true, ["ancestor": ["test"]]).count == 2)
        await #expect(throws: EngineError(400, "invalid filter 'shape'")) {
            _ = try await names(true, ["shape": ["x"]])
        }
    }

    @Test func volumesOutliveContainersUnlessAnonymous() async throws {
        let engine = try await engine()
        let id = try await engine.create(
            name: nil,
            request: request(["exit", "0"]) {
                $0.hostConfig.binds = ["named:/data:ro"]
                $0.config.volumes = ["/anonymous": EmptyObject()]
            }
        ).id
        let mounts = try await engine.inspect(id, size: false).mounts
        #expect(mounts.map(\.destination) == ["/anonymous", "/data"])
        #expect(mounts.map(\.readWrite) == [true, false])
        await #expect(throws: EngineError.self) { try await engine.deleteVolume("named", force: false) }
        try await engine.remove(id, force: false, volumes: true)
        #expect(try await engine.volumes(filters: Filters()).volumes.map(\.name) == ["named"])
        try await engine.deleteVolume("named", force: false)
    }
}

private actor Collector {
    private var bytes: [UInt8] = []
    var text: String { String(decoding: bytes, as: UTF8.self) }
    func add(_ frames: [Frame]) { for frame in frames { bytes += frame.bytes } }
}

@Suite(.timeLimit(.minutes(10))) struct RecoveryTests {
    let scratch = Scratch()
    let manager = FakeManager()

    /// A daemon that is let go without a word, as kill -9 does it.
    private func engine() async throws -> Engine {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        // The daemon before gives its lock back when its last task has noticed that it is gone.
        for _ in 0..<3000 {
            if let engine = try? await Engine(configuration: scratch.configuration, manager: manager, logger: logger) {
                return engine
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        return try await Engine(configuration: scratch.configuration, manager: manager, logger: logger)
    }

    private func create(_ engine: Engine, _ name: String, _ command: [String]) async throws {
        var config = ContainerConfig()
        config.image = "test"
        config.cmd = command
        config.openStdin = true
        _ = try await engine.create(name: name, request: ContainerCreateRequest(config: config))
    }

    @Test func anotherDaemonFindsWhatRunsAndWhatHasEnded() async throws {
        var first: Engine? = try await engine()
        try await create(first!, "runs", ["cat"])
        try await create(first!, "made", ["cat"])
        try await first!.start("runs")
        await first!.abandon()
        first = nil
        let second = try await engine()
        #expect(try await second.inspect("runs", size: false).state.running)
        #expect(try await second.inspect("made", size: false).state.status == "created")
        let attachment = try await second.attach(
            "runs", stdin: true, stdout: true, stderr: true, logs: false, stream: true)
        _ = try await attachment.input?.write(Array("hello\n".utf8))
        let frames = await attachment.output?.next()
        #expect(frames?.first?.bytes == Array("hello\n".utf8))
        try await second.remove("runs", force: true, volumes: false)
        try await second.remove("made", force: true, volumes: false)
        #expect(await manager.leftovers == 0)
    }
}
