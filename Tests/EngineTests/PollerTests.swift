import Engine
import Foundation
import SystemPackage
import Testing

/// What the thread of a poller does is done by hand here.
@Suite struct PollerTests {
    private let poller: Poller

    init() throws { poller = try Poller() }

    /// A pipe with a byte in it.
    private func readyPipe() throws -> (read: FileDescriptor, write: FileDescriptor) {
        let pipe = try FileDescriptor.pipe()
        try pipe.writeEnd.writeAll([1])
        return (pipe.readEnd, pipe.writeEnd)
    }

    /// What has become ready; waited for on another thread, since the tests' own are few.
    private func events() async -> [Poller.Token] {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { [poller] in continuation.resume(returning: poller.nextEvents()) }
        }
    }

    @Test func whatIsReadyEndsItsWait() async throws {
        let pipe = try readyPipe()
        async let ready = poller.wait(pipe.read, .read)
        #expect(await poller.deliver(events()) == 1)
        #expect(await ready)
        poller.close(pipe.read)
        try pipe.write.close()
    }

    @Test func anOldEventDoesNotEndTheWaitOfWhoHasTheNumberNow() async throws {
        let old = try readyPipe()
        let new = try readyPipe()
        let task = Task { [poller] in await poller.wait(old.read, .read) }
        let stale = await events()
        task.cancel()
        #expect(await task.value == false)
        // As close and open, but that no other test gets the number between.
        let reused = try new.read.duplicate(as: old.read)
        async let ready = poller.wait(reused, .read)
        let fresh = await events()
        #expect(poller.deliver(stale) == 0)
        #expect(poller.deliver(fresh) == 1)
        #expect(await ready)
        poller.close(reused)
        for descriptor in [old.write, new.read, new.write] { try descriptor.close() }
    }

    @Test func whoWaitsAfterAStopWaitsForNothing() async throws {
        let pipe = try FileDescriptor.pipe()
        poller.stop(pipe.readEnd)
        #expect(await poller.wait(pipe.readEnd, .read) == false)
        poller.close(pipe.readEnd)
        try pipe.writeEnd.close()
    }

    @Test func aPlainFileIsAlwaysReady() async throws {
        let file = try FileDescriptor.open("/proc/self/exe", .readOnly)
        #expect(await poller.wait(file, .read))
        poller.close(file)
    }
}
