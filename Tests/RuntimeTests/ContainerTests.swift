import Glibc
import Host
import KernelProtocol
import OCISpec
import Runtime
import SystemPackage
import Synchronization
import Testing

/// A container whose process is a sleep of the host, and whose kernel is a thread that gives the answers it was told.
private final class TestContainer {
    let bundle: TestBundle
    let store: ContainerStore
    let folder: FilePath
    let pid: pid_t
    let heard = Heard()

    init(answers: @escaping @Sendable (Message) -> Message) throws {
        bundle = try TestBundle()
        try bundle.write()
        store = ContainerStore(root: bundle.path.appending("state"))
        folder = store.root.appending("c")
        try Folders.make(folder)
        pid = try Spawn("/bin/sleep", arguments: ["sleep", "1000"]).start()
        var record = ContainerRecord(
            id: "c", bundle: try Bundle(bundle.path), kernelPid: pid, kernelStartTime: Processes.startTime(of: pid) ?? 0
        )
        record.pid = pid
        record.pidStartTime = try #require(Processes.startTime(of: pid))
        record.arguments = ["foo"]
        try record.write(in: folder)
        let listener = try UnixSocket.listen(folder.appending("kernel.sock"))
        let heard = self.heard
        let thread = PosixThread {
            while let socket = try? UnixSocket.accept(listener) {
                while let request = try? Message.receive(from: socket)?.message {
                    heard.append(request)
                    try? answers(request).send(to: socket)
                }
                try? socket.close()
            }
        }
        thread.start()
    }

    func end() {
        kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
    }
}

/// The requests that a kernel got.
private final class Heard: Sendable {
    private let messages = Mutex<[Message]>([])

    var last: Message? { messages.withLock { $0.last } }

    func append(_ message: Message) { messages.withLock { $0.append(message) } }
}

/// A thread that is never joined.
private struct PosixThread {
    let body: @Sendable () -> Void

    func start() {
        final class Box {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
        var thread = pthread_t()
        let box = Unmanaged.passRetained(Box(body)).toOpaque()
        pthread_create(
            &thread, nil,
            { argument in
                Unmanaged<Box>.fromOpaque(argument!).takeRetainedValue().body()
                return nil
            }, box)
        pthread_detach(thread)
    }
}

@Suite struct ContainerTests {
    private func container(_ status: ContainerStatus, _ answer: Message = .done) throws -> TestContainer {
        try TestContainer { request in
            if case .state = request { return .status(status, pid: 1) }
            return answer
        }
    }

    @Test func stateIsTheKernelsWhileItLives() throws {
        let test = try container(.paused)
        let state = try test.store.container("c").state()
        #expect(state.status == .paused && state.pid == Int(test.pid) && state.bundle == test.bundle.path.string)
        test.end()
        #expect(try test.store.container("c").state().status == .stopped)
        #expect(try test.store.container("c").state().pid == 0)
    }

    @Test func missingProgramIsNamedAtStart() throws {
        let test = try container(.created, .failure(errno: ENOENT, text: ""))
        defer { test.end() }
        var container = try test.store.container("c")
        let error = #expect(throws: RuntimeError.self) { try container.start() }
        #expect(
            error?.description
                == #"unable to start container process: exec: "foo": executable file not found in $PATH"#)
    }

    @Test func runningContainerIsNotStartedAgain() throws {
        let test = try container(.running, .failure(errno: EINVAL, text: "not created"))
        defer { test.end() }
        var container = try test.store.container("c")
        let error = #expect(throws: RuntimeError.self) { try container.start() }
        #expect(error?.description == "cannot start an already running container")
    }

    @Test func signalGoesToTheKernelUntilTheContainerHasStopped() throws {
        let test = try container(.running)
        let container = try test.store.container("c")
        try container.kill(SIGUSR1, all: true)
        #expect(test.heard.last == .kill(signal: UInt32(SIGUSR1), all: true))
        test.end()
        let error = #expect(throws: RuntimeError.self) { try container.kill(SIGUSR1, all: false) }
        #expect(error?.description == "container not running")
        try container.kill(SIGKILL, all: true)
    }

    @Test func updateKeepsWhatItDoesNotName() throws {
        let test = try container(.running)
        defer { test.end() }
        var container = try test.store.container("c")
        try container.update(.init(memory: .init(limit: 1 << 20)))
        try container.update(.init(pids: .init(limit: 9)))
        #expect(test.heard.last == .update(Limits(pids: 9, memory: 1 << 20)))
    }

    @Test func runningContainerIsDeletedOnlyByForce() throws {
        let test = try container(.running)
        #expect(throws: RuntimeError.self) { try test.store.delete("c", force: false) }
        test.end()
        try test.store.delete("c", force: false)
        #expect(throws: RuntimeError.self) { try test.store.container("c") }
        #expect(throws: RuntimeError.self) { try test.store.delete("c", force: false) }
        try test.store.delete("c", force: true)
        #expect(access(test.folder.string, F_OK) != 0)
    }

    @Test func halfMadeContainerIsDeletedByForce() throws {
        let bundle = try TestBundle()
        let store = ContainerStore(root: bundle.path.appending("state"))
        try Folders.make(store.root.appending("half"))
        #expect(throws: RuntimeError.self) { try store.delete("half", force: false) }
        try store.delete("half", force: true)
        #expect(try store.containers().isEmpty)
        #expect(access(store.root.appending("half").string, F_OK) != 0)
    }

    @Test(arguments: ["", "..", "a/b", "a b", "\u{fc}"]) func idThatIsNoneIsRefused(_ id: String) {
        #expect(throws: RuntimeError.self) { try ContainerStore(root: "/tmp").container(id) }
    }

    @Test func kernelThatDiesAtBirthLeavesNothing() throws {
        let bundle = try TestBundle()
        try bundle.write()
        let store = ContainerStore(root: bundle.path.appending("state"))
        let error = #expect(throws: RuntimeError.self) {
            try store.create(
                "c", bundle: bundle.path, options: ProcessOptions(isDetached: true), kernel: "/bin/false")
        }
        #expect(error?.description.hasPrefix("the kernel did not boot") == true)
        #expect(access(store.root.appending("c").string, F_OK) != 0)
    }

    @Test func terminalWithoutAWayOutIsRefused() throws {
        let bundle = try TestBundle()
        bundle.spec.process?.terminal = true
        try bundle.write()
        let error = #expect(throws: RuntimeError.self) {
            try ContainerStore(root: bundle.path.appending("state"))
                .create(
                    "c", bundle: bundle.path, options: ProcessOptions(isDetached: true), kernel: "/bin/false")
        }
        #expect(error?.description.contains("without setting console socket") == true)
    }
}
