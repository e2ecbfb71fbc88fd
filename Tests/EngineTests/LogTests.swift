import Engine
import EngineAPI
import EngineTestSupport
import SystemPackage
import Testing

@Suite struct LogTests {
    private func read(_ path: String, _ change: (inout LogOptions) -> Void = { _ in }) async throws -> String {
        var options = LogOptions()
        options.stdout = true
        options.stderr = true
        change(&options)
        let reader = try LogReader(path: FilePath(path), options: options, log: nil)
        var bytes: [UInt8] = []
        while let frames = try await reader.next() { for frame in frames { bytes += frame.bytes } }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test(arguments: ["plain\n", "no newline", "quote\" back\\slash \t\r\u{1}\n", "ümläut ✓\n", ""])
    func anEntryComesBack(_ text: String) throws {
        let entry = LogEntry(stream: .stderr, time: Timestamp(seconds: 5, nanoseconds: 7), bytes: Array(text.utf8))
        var line: [UInt8] = []
        entry.encode(into: &line)
        #expect(line.last == 10)
        #expect(LogEntry(line: line.dropLast()) == entry)
    }

    @Test func entriesOfMobysDriverAreRead() {
        let line = #"{"log":"<é>\n","stream":"stdout","attrs":{"a":"b"},"time":"2024-01-01T00:00:00.5Z"}"#
        let entry = LogEntry(line: Array(line.utf8))
        #expect(entry?.bytes == Array("<é>\n".utf8))
        #expect(entry?.time.nanoseconds == 500_000_000)
        #expect(LogEntry(line: Array(line.utf8.prefix(40))) == nil)
    }

    @Test func piecesOfALineAreOneLine() async throws {
        let scratch = Scratch()
        let path = scratch.path + "/log"
        let log = try ContainerLog(path: FilePath(path))
        log.append(.stdout, Array("one\ntw".utf8))
        log.append(.stdout, Array("o\nthree\n".utf8))
        log.append(.stdout, Array("prompt> ".utf8))
        #expect(try await read(path) == "one\ntwo\nthree\nprompt> ")
        #expect(try await read(path) { $0.tail = 2 } == "three\nprompt> ")
        #expect(try await read(path) { $0.tail = 3 } == "two\nthree\nprompt> ")
        #expect(try await read(path) { $0.tail = 100 } == "one\ntwo\nthree\nprompt> ")
        #expect(try await read(path) { $0.tail = 0 } == "")
        let stamped = try await read(path) { $0.timestamps = true }
        #expect(stamped.split(separator: "\n").allSatisfy { $0.contains("Z ") })
        #expect(stamped.split(separator: "\n").count == 4)
    }

    @Test func streamsAndTimesAreChosen() async throws {
        let scratch = Scratch()
        let path = scratch.path + "/log"
        let log = try ContainerLog(path: FilePath(path))
        log.append(.stdout, Array("out\n".utf8))
        log.append(.stderr, Array("err\n".utf8))
        #expect(try await read(path) { $0.stderr = false } == "out\n")
        #expect(try await read(path) { $0.stdout = false } == "err\n")
        #expect(try await read(path) { $0.since = Timestamp(seconds: Timestamp.now.seconds + 9) } == "")
        #expect(try await read(path) { $0.until = Timestamp(seconds: 1) } == "")
    }

    @Test func manyLinesAreReadInPieces() async throws {
        let scratch = Scratch()
        let path = scratch.path + "/log"
        let log = try ContainerLog(path: FilePath(path))
        let text = (0..<20_000).map { "line \($0)\n" }.joined()
        log.append(.stdout, Array(text.utf8))
        #expect(try await read(path) == text)
        #expect(try await read(path) { $0.tail = 5000 } == (15_000..<20_000).map { "line \($0)\n" }.joined())
    }

    @Test func aLineCutShortByACrashCostsNothingElse() async throws {
        let scratch = Scratch()
        let path = scratch.path + "/log"
        try Shell.run(#"printf '{"log":"a\\n","stream":"stdout","time":"2024-01-01T00:00:00Z"}\n{"log":"b' > \#(path)"#)
        let log = try ContainerLog(path: FilePath(path))
        log.append(.stdout, Array("c\n".utf8))
        #expect(try await read(path) == "a\nc\n")
    }

    @Test func aFollowerSeesWhatComesAndTheEnd() async throws {
        let scratch = Scratch()
        let path = scratch.path + "/log"
        let log = try ContainerLog(path: FilePath(path))
        log.append(.stdout, Array("first\n".utf8))
        let follower = Task {
            var options = LogOptions()
            options.stdout = true
            options.follow = true
            let reader = try LogReader(path: FilePath(path), options: options, log: log)
            var bytes: [UInt8] = []
            while let frames = try await reader.next() { for frame in frames { bytes += frame.bytes } }
            return String(decoding: bytes, as: UTF8.self)
        }
        for number in 0..<50 {
            try await Task.sleep(for: .milliseconds(1))
            log.append(.stdout, Array("\(number)\n".utf8))
        }
        log.finish()
        #expect(try await follower.value == "first\n" + (0..<50).map { "\($0)\n" }.joined())
    }

    @Test func eventsOutliveTheDaemon() async throws {
        let scratch = Scratch()
        let path = FilePath(scratch.path + "/events")
        var log: EventLog? = EventLog(path: path)
        for number in 0..<300 { log?.publish(type: "container", action: "start", id: "\(number)", attributes: [:]) }
        log = nil
        let again = EventLog(path: path)
        var seen: [String] = []
        for await event in again.subscribe(since: .zero) {
            seen.append(event.actor.id)
            if event.actor.id == "299" { break }
        }
        #expect(seen == (44..<300).map { "\($0)" })
    }

    @Test func eventsAreFiltered() {
        var event = EventMessage()
        event.type = "container"
        event.action = "exec_start: ls"
        event.scope = "local"
        event.actor = EventActor(id: "abcdef", attributes: ["name": "web", "image": "nginx:1", "k": "v"])
        func passes(_ filters: [String: [String]]) -> Bool { event.passes(Filters(filters)) }
        #expect(passes([:]))
        #expect(passes(["event": ["exec_start"], "container": ["web"], "image": ["nginx"], "label": ["k=v"]]))
        #expect(!passes(["event": ["start"]]))
        #expect(!passes(["type": ["image"]]))
        #expect(!passes(["container": ["other"]]))
        #expect(passes(["container": ["abcd"]]))
    }
}
