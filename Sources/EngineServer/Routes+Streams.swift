import Engine
import EngineAPI
import NIOCore
import NIOHTTP1

extension Routes {
    /// Containers' calls that stream: attach, logs, wait, stats.
    static func streams(_ engine: Engine) -> [Route] {
        [
            Route(.POST, "/containers/{id}/attach") { call, holes in try await attach(call, holes.id, engine) },
            Route(.GET, "/containers/{id}/logs") { call, holes in try await logs(call, holes.id, engine) },
            Route(.POST, "/containers/{id}/wait") { call, holes in try await wait(call, holes.id, engine) },
            Route(.GET, "/containers/{id}/stats") { call, holes in try await stats(call, holes.id, engine) },
        ]
    }

    private static func attach(_ call: Call, _ id: String, _ engine: Engine) async throws {
        let query = call.query
        let (stream, logs) = (query.flag("stream"), query.flag("logs"))
        let attachment = try await engine.attach(
            id, stdin: query.flag("stdin"), stdout: query.flag("stdout"), stderr: query.flag("stderr"), logs: logs,
            stream: stream)
        let connection = try await call.hijack(multiplexed: !attachment.terminal)
        await Streaming.run(attachment, connection)
    }

    private static func logs(_ call: Call, _ id: String, _ engine: Engine) async throws {
        let query = call.query
        var options = LogOptions()
        options.stdout = query.flag("stdout")
        options.stderr = query.flag("stderr")
        options.follow = query.flag("follow")
        options.timestamps = query.flag("timestamps")
        options.since = try call.time("since")
        options.until = try call.time("until")
        // Anything but a number means all, as in moby.
        options.tail = query["tail"].flatMap { Int($0) }.flatMap { $0 < 0 ? nil : $0 }
        let sink = LogSink(call)
        try await engine.logs(id, options: options) { terminal in
            try await sink.begin(terminal: terminal)
        } send: { frames in
            try await sink.send(frames)
        }
    }

    /// The head of the answer goes out before the wait: clients start the container only when they see it.
    private static func wait(_ call: Call, _ id: String, _ engine: Engine) async throws {
        let text = call.query["condition"] ?? "not-running"
        guard let condition = WaitCondition(rawValue: text) else {
            throw EngineError(400, "invalid condition: \"\(text)\"")
        }
        let wait = try await engine.wait(id, for: condition)
        let writer = try await call.stream(contentType: "application/json")
        try await writer.write(json: try await wait.response)
    }

    private static func stats(_ call: Call, _ id: String, _ engine: Engine) async throws {
        let stream = call.query.flag("stream", default: true)
        var last = try await engine.stats(id)
        guard stream else {
            if !call.query.flag("one-shot") {
                // Two samples, so that the client can tell a rate.
                try await Task.sleep(for: .seconds(1))
                last = follow(last, try await engine.stats(id))
            }
            return try await call.reply(json: last)
        }
        let writer = try await call.stream(contentType: "application/json")
        while true {
            try await writer.write(json: last)
            try await Task.sleep(for: .seconds(1))
            do { last = follow(last, try await engine.stats(id)) } catch let error as EngineError
                where error.status == 404
            {
                return
            }
        }
    }

    private static func follow(_ before: ContainerStats, _ now: ContainerStats) -> ContainerStats {
        var now = now
        now.precpu = before.cpu
        now.preread = before.read
        return now
    }
}

/// Sends log frames with or without their headers, as the container has a terminal or not.
private actor LogSink {
    private let call: Call
    private var writer: BodyWriter?
    private var framed = true

    init(_ call: Call) { self.call = call }

    func begin(terminal: Bool) async throws {
        framed = !terminal
        let kind = framed && call.version >= APIVersion(1, 42) ? "multiplexed" : "raw"
        writer = try await call.stream(contentType: "application/vnd.docker.\(kind)-stream")
    }

    func send(_ frames: [Frame]) async throws { try await writer?.write(Streaming.encode(frames, framed: framed)) }
}

/// Carries bytes between a client that took its connection over and a process.
enum Streaming {
    /// Frames as they go over the wire.
    static func encode(_ frames: [Frame], framed: Bool) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(frames.reduce(0) { $0 + $1.bytes.count + 8 })
        for frame in frames {
            if framed { bytes += Frame.header(frame.stream, count: frame.bytes.count) }
            bytes += frame.bytes
        }
        return bytes
    }

    /// Runs until the process's output ends or the client leaves, then closes the connection. Without output, until the
    /// client's input ends.
    static func run(_ attachment: Attachment, _ connection: Hijacked) async {
        connection.raw.whenGone { attachment.output?.cancel() }
        let input = Task { await copyInput(attachment, connection) }
        do {
            try await connection.write(encode(attachment.past, framed: !attachment.terminal))
            if let output = attachment.output {
                while let frames = await output.next() {
                    try await connection.write(encode(frames, framed: !attachment.terminal))
                }
            } else if attachment.input != nil {
                await input.value
            }
        } catch {
            // The client left.
        }
        attachment.output?.cancel()
        input.cancel()
        await connection.close()
    }

    private static func copyInput(_ attachment: Attachment, _ connection: Hijacked) async {
        do {
            guard let sink = attachment.input else {
                // What the client sends is read and dropped, so that its leaving is noticed.
                while try await connection.input.next() != nil {}
                return
            }
            while let chunk = try await connection.input.next() {
                guard try await sink.write(Array(chunk.readableBytesView)) else {
                    connection.input.discard()
                    return
                }
            }
            try await sink.end()
        } catch {
            // The client left, or the process ended; either is seen elsewhere.
        }
    }
}
