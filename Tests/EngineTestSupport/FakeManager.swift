// The calls are described in ManagerConnection.swift.
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation
import Archive
import Engine
import EngineAPI
import Foundation
import Glibc
import OCISpec
import TestSupport

/// A manager without processes: a "process" copies its standard input to its output, or does what its command says: `echo` prints its
/// arguments and ends, `exit N` ends with that code, `spam N` prints N bytes, `sleep` waits for a signal, and so does `late`,
/// which takes its time to start.
public actor FakeManager: ManagerConnection {
    struct Process {
        var io: ProcessIO
        var arguments: [String]
        var pid: Int
        var started = false
        var exit: ProcessExit?
        var waiters: [CheckedContinuation<ProcessExit, any Error>] = []
        /// The shim's own ends of the fifos.
        var held: [CInt] = []
        var threads = 0
    }

    var specs: [String: RuntimeSpec] = [:]
    var snapshots: Set<String> = []
    var processes: [String: Process] = [:]
    var named: [String: ManagedImage] = [:]
    var blobs: [String: [UInt8]] = [:]
    var nextPid = 1000
    /// Calls by name, in order.
    public private(set) var calls: [String] = []

    /// A manager that knows the image `test:latest`.
    public init() {
        let configuration = ImageConfiguration(
            config: .init(
                env: ["PATH=/bin", "FROM=image"], cmd: ["cat"], workingDir: "/work", labels: ["of": "image"]),
            rootfs: .init(diffIDs: ["sha256:" + String(repeating: "1", count: 64)]))
        let config = Self.blob(configuration, MediaType.ociConfiguration, "2")
        let manifest = Self.blob(
            ImageManifest(
                config: config.0,
                layers: [
                    Descriptor(
                        mediaType: MediaType.ociLayer, digest: "sha256:" + String(repeating: "1", count: 64), size: 10)
                ]), MediaType.ociManifest, "3")
        blobs = [config.0.digest: config.1, manifest.0.digest: manifest.1]
        named = [
            "docker.io/library/test:latest": ManagedImage(name: "docker.io/library/test:latest", target: manifest.0)
        ]
    }

    private static func blob(_ value: some Encodable, _ type: String, _ digit: String) -> (Descriptor, [UInt8]) {
        let bytes = (try? JSON.encode(value)) ?? []
        return (
            Descriptor(
                mediaType: type, digest: "sha256:" + String(repeating: digit, count: 64), size: Int64(bytes.count)),
            bytes
        )
    }

    private func missing(_ what: String) -> ManagerError { ManagerError(.notFound, "\(what): not found") }

    public func version() -> (version: String, revision: String) { ("fake", "") }
    public func image(_ name: String) -> ManagedImage? { named[name] }
    public func images() -> [ManagedImage] { Array(named.values) }
    public func putImage(name: String, target: Descriptor) { named[name] = ManagedImage(name: name, target: target) }
    public func deleteImage(_ name: String) { named[name] = nil }
    public func read(_ descriptor: Descriptor) throws -> [UInt8] {
        guard let bytes = blobs[descriptor.digest] else { throw missing(descriptor.digest) }
        return bytes
    }
    public func load(_ archive: ByteChannel) async throws -> [ManagedImage] {
        var count = 0
        while let chunk = try await archive.next() { count += chunk.count }
        guard count > 0 else { throw ManagerError(.invalidArgument, "cannot read the archive: empty") }
        return Array(named.values)
    }
    public func importLayer(
        _ archive: ByteChannel, name: String, configuration: ImageConfiguration.Config, comment: String
    ) throws -> ManagedImage { throw ManagerError(.unimplemented, "import") }
    public func save(_ images: [ManagedImage], to archive: ByteChannel) async throws {
        try await archive.send(Array("tar".utf8))
        archive.end()
    }
    public func unpack(_ image: ManagedImage) {}

    public func prepareSnapshot(_ key: String, parent: String) -> [ManagedMount] {
        snapshots.insert(key)
        return [ManagedMount(type: "bind", source: "/nonexistent", options: [])]
    }
    public func mounts(_ key: String) throws -> [ManagedMount] {
        guard snapshots.contains(key) else { throw missing(key) }
        return [ManagedMount(type: "bind", source: "/nonexistent", options: [])]
    }
    public func removeSnapshot(_ key: String) { snapshots.remove(key) }
    public func snapshotSize(_ key: String) -> Int64 { 0 }

    public func createContainer(id: String, image: String, snapshot: String, spec: [UInt8], labels: [String: String])
        throws
    {
        calls.append("createContainer")
        specs[id] = try JSON.decode(RuntimeSpec.self, from: spec)
    }
    public func updateContainer(id: String, spec: [UInt8]) throws {
        specs[id] = try JSON.decode(RuntimeSpec.self, from: spec)
    }
    public func deleteContainer(_ id: String) { specs[id] = nil }

    /// What is left: containers, snapshots, tasks.
    public var leftovers: Int { specs.count + snapshots.count + processes.count }
    /// The specification of a container.
    public func spec(_ id: String) -> RuntimeSpec? { specs[id] }

    public func createTask(_ id: String, rootfs: [ManagedMount], io: ProcessIO) throws -> Int {
        guard let spec = specs[id] else { throw missing(id) }
        guard processes[id] == nil else { throw ManagerError(.alreadyExists, "task \(id): already exists") }
        let arguments = spec.process?.args ?? []
        if arguments.first == "nope" {
            throw ManagerError(
                .other,
                "OCI runtime create failed: unable to start container process: exec: \"nope\": executable file not found in $PATH: unknown"
            )
        }
        return add(id, io, arguments)
    }

    private func add(_ key: String, _ io: ProcessIO, _ arguments: [String]) -> Int {
        nextPid += 1
        var process = Process(io: io, arguments: arguments, pid: nextPid)
        for path in [io.stdin, io.stdout, io.stderr] where !path.isEmpty {
            process.held.append(open(path, O_RDWR | O_CLOEXEC))
        }
        processes[key] = process
        return nextPid
    }

    public func start(_ id: String, exec: String?) async throws -> Int {
        let key = exec ?? id
        if processes[key]?.arguments.first == "late" {
            calls.append("late start")
            try await Task.sleep(for: .milliseconds(300))
        }
        guard var process = processes[key] else { throw missing(key) }
        process.started = true
        processes[key] = process
        let (io, arguments) = (process.io, process.arguments)
        let thread = Thread {
            let code = Self.run(io, arguments)
            if code >= 0 { Task { await self.end(key, code) } }
        }
        thread.start()
        return process.pid
    }

    private static func run(_ io: ProcessIO, _ arguments: [String]) -> Int {
        func print(_ path: String, _ bytes: [UInt8]) {
            guard !path.isEmpty else { return }
            let fd = open(path, O_WRONLY | O_CLOEXEC)
            defer { close(fd) }
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { write(fd, $0.baseAddress, $0.count) }
                guard count > 0 else { return }
                rest = rest.dropFirst(count)
            }
        }
        switch arguments.first {
        case "echo":
            print(io.stdout, Array((arguments.dropFirst().joined(separator: " ") + "\n").utf8))
            return 0
        case "complain":
            print(io.stderr, Array((arguments.dropFirst().joined(separator: " ") + "\n").utf8))
            return 0
        case "exit": return Int(arguments[1]) ?? 0
        case "spam":
            print(io.stdout, [UInt8](repeating: 120, count: Int(arguments[1]) ?? 0))
            return 0
        case "cat":
            let fd = open(io.stdin, O_RDONLY | O_CLOEXEC)
            defer { close(fd) }
            var buffer = [UInt8](repeating: 0, count: 4096)
            while true {
                let count = Glibc.read(fd, &buffer, buffer.count)
                guard count > 0 else { return 0 }
                print(io.stdout, Array(buffer.prefix(count)))
            }
        default: return -1
        }
    }

    private func end(_ key: String, _ code: Int) {
        guard var process = processes[key], process.exit == nil else { return }
        let exit = ProcessExit(code: code, time: .now)
        process.exit = exit
        for fd in process.held { close(fd) }
        process.held = []
        let waiters = process.waiters
        process.waiters = []
        processes[key] = process
        for waiter in waiters { waiter.resume(returning: exit) }
    }

    public func exec(_ id: String, exec: String, process: RuntimeSpec.Process, io: ProcessIO) throws {
        guard processes[id]?.exit == nil else { throw missing(id) }
        if process.args?.first == "nope" {
            throw ManagerError(
                .other,
                "OCI runtime exec failed: exec failed: exec: \"nope\": executable file not found in $PATH: unknown")
        }
        _ = add(exec, io, process.args ?? [])
    }

    public func kill(_ id: String, exec: String?, signal: Int, all: Bool) throws {
        let key = exec ?? id
        guard let process = processes[key], process.exit == nil else { throw missing(key) }
        calls.append("kill \(signal)")
        // `stubborn` ends only when it is killed.
        if signal == 9 || process.arguments.first != "stubborn" { end(key, 128 + signal) }
    }

    public func wait(_ id: String, exec: String?) async throws -> ProcessExit {
        let key = exec ?? id
        guard let process = processes[key] else { throw missing(key) }
        if let exit = process.exit { return exit }
        return try await withCheckedThrowingContinuation { processes[key]?.waiters.append($0) }
    }

    public func deleteTask(_ id: String, exec: String?) throws -> ProcessExit {
        let key = exec ?? id
        guard let process = processes[key] else { throw missing(key) }
        for fd in process.held { close(fd) }
        processes[key] = nil
        return process.exit ?? ProcessExit(code: 255, time: .now)
    }

    public func pause(_ id: String) throws { if processes[id] == nil { throw missing(id) } }
    public func resume(_ id: String) throws { if processes[id] == nil { throw missing(id) } }
    public func resize(_ id: String, exec: String?, width: Int, height: Int) {
        calls.append("resize \(width)x\(height)")
    }
    public func closeInput(_ id: String, exec: String?) {
        let key = exec ?? id
        // The shim gives up its own writing end of standard input.
        if let fd = processes[key]?.held.first, processes[key]?.io.stdin.isEmpty == false {
            close(fd)
            processes[key]?.held.removeFirst()
        }
    }
    public func pids(_ id: String) -> [Int] { processes[id].map { [$0.pid] } ?? [] }
    public func state(_ id: String) -> TaskState? { processes[id].map { Self.state(id, $0) } }
    public func tasks() -> [TaskState] { processes.map { Self.state($0.key, $0.value) } }
    private static func state(_ id: String, _ process: Process) -> TaskState {
        TaskState(
            id: id, status: process.exit != nil ? .stopped : process.started ? .running : .created, pid: process.pid,
            exit: process.exit ?? ProcessExit(code: 0, time: .zero))
    }
    public nonisolated func outOfMemory() -> AsyncStream<String> { AsyncStream { _ in } }
}

/// A folder of its own for a test's engine; removed with the object.
public struct Scratch: Sendable {
    private let folder = ScratchFolder()
    /// The folder.
    public var path: String { folder.path.string }

    /// Makes it.
    public init() {}

    /// A configuration within.
    public var configuration: EngineConfiguration {
        var configuration = EngineConfiguration()
        configuration.dataRoot = .init(path + "/data")
        configuration.execRoot = .init(path + "/run")
        return configuration
    }
}
