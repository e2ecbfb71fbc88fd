import Host
import KernelProtocol
import SystemPackage
import Testing

@Suite struct MessageTests {
    static let process = ProcessSpecification(
        arguments: ["sh", "-c", "echo \u{fc}"], environment: ["A=b", "C="], workingDirectory: "/tmp", uid: 7, gid: 8,
        groups: [1, 2], umask: 0o077, capabilities: Capabilities(bounding: 1 << 40, ambient: 3),
        rlimits: [ResourceLimit(resource: 7, soft: 1, hard: .max)], noNewPrivileges: true, terminal: true, rows: 24,
        columns: 80, oomScoreAdjust: -5)
    static let messages: [Message] = [
        .boot(
            ContainerSpecification(
                id: "c", hostname: "h", domainname: "d",
                root: RootSpecification(layers: ["/a", "/b"], upper: "/u", work: nil, isReadonly: true),
                mounts: [MountSpecification(destination: "/m", type: "bind", source: "/s", options: ["ro"])],
                maskedPaths: ["/proc/kcore"], readonlyPaths: ["/proc/sys"], sysctls: ["a.b=c"],
                limits: Limits(pids: 1, memory: 2, cpuShares: 3, cpuQuota: -4, cpuPeriod: 5, processors: "0-3"),
                process: process,
                annotations: ["org.ukontainer.x=y"])),
        .start, .exec(process, waiter: .subreaper), .exec(process, waiter: .standIn), .kill(signal: 9, all: true),
        .killProcess(pid: 5, signal: 15), .pids, .stats, .pause, .resume, .update(Limits(memory: .max)), .state, .done,
        .started(pid: 12), .started(pid: 12, needsStandIn: true), .exited(pid: 3, status: 256), .processes([1, 2, -3]),
        .statistics(Statistics()),
        .status(.paused, pid: 9), .failure(errno: 2, text: "exec: \"x\""),
    ]

    @Test(arguments: messages) func comesBackAsItWasSent(_ message: Message) throws {
        let (one, other) = try UnixSocket.pair()
        defer {
            try? one.close()
            try? other.close()
        }
        try message.send(to: one)
        let received = try #require(try Message.receive(from: other))
        #expect(received.message == message)
        #expect(received.descriptors.isEmpty)
    }

    @Test(arguments: messages) func isRefusedWhenAnyByteOfItsEndIsMissing(_ message: Message) {
        let bytes = Array(message.encoded().dropFirst(4))
        var older: Int?
        if case .statistics = message { older = bytes.count - 16 }
        for length in 0..<bytes.count where length != older {
            #expect(throws: WireError.self) { try Message(decoding: Array(bytes.prefix(length))) }
        }
    }

    @Test func figuresOfAKernelThatKnowsNothingOfDisksAreRead() throws {
        var statistics = Statistics()
        statistics.processes = 3
        statistics.oomKills = 1
        (statistics.blocksRead, statistics.blocksWritten) = (4096, 512)
        let bytes = Array(Message.statistics(statistics).encoded().dropFirst(4))
        #expect(try Message(decoding: bytes) == .statistics(statistics))
        (statistics.blocksRead, statistics.blocksWritten) = (0, 0)
        #expect(try Message(decoding: Array(bytes.dropLast(16))) == .statistics(statistics))
    }

    @Test func bringsDescriptorsWithIt() throws {
        let (one, other) = try UnixSocket.pair()
        let (left, right) = try UnixSocket.pair()
        try Message.start.send(to: one, descriptors: [left, right])
        let received = try #require(try Message.receive(from: other))
        #expect(received.descriptors.count == 2)
        try received.descriptors[0].writeAll([42])
        var byte: [UInt8] = [0]
        _ = try byte.withUnsafeMutableBytes { try right.read(into: $0) }
        #expect(byte == [42])
        for descriptor in [one, other, left, right] + received.descriptors { try descriptor.close() }
    }

    @Test func ofAnotherVersionIsRefused() {
        #expect(throws: WireError.self) { try Message(decoding: [Message.version + 1, 2]) }
    }

    @Test func ofUnknownKindIsRefused() {
        #expect(throws: WireError.self) { try Message(decoding: [Message.version, 99]) }
    }

    @Test func overTheLimitIsRefusedBeforeItIsRead() throws {
        let (one, other) = try UnixSocket.pair()
        defer {
            try? one.close()
            try? other.close()
        }
        try one.writeAll([255, 255, 255, 255])
        #expect(throws: WireError.self) { try Message.receive(from: other) }
    }

    @Test func listThatPromisesMoreThanItHoldsIsRefused() {
        // processes, with four thousand million elements.
        #expect(throws: WireError.self) {
            try Message(decoding: [Message.version, 131, 255, 255, 255, 255, 1, 0, 0, 0])
        }
    }

    @Test func cutOffInTheMiddleIsAnErrorAndAtItsStartTheEnd() throws {
        let (one, other) = try UnixSocket.pair()
        defer { try? other.close() }
        try one.writeAll(Array(Message.pids.encoded().dropLast()))
        try one.close()
        #expect(throws: WireError.self) { try Message.receive(from: other) }
        #expect(try Message.receive(from: other)?.message == nil)
    }

    @Test func failureIsThrownToWhoAsked() throws {
        let (one, other) = try UnixSocket.pair()
        defer {
            try? one.close()
            try? other.close()
        }
        try Message.failure(errno: 2, text: "no").send(to: other)
        let failure = #expect(throws: KernelFailure.self) { try Message.start.request(over: one) }
        #expect(failure?.errno == .noSuchFileOrDirectory)
    }
}
