import Glibc
import Host
import SystemPackage
import TestSupport
import Testing

@Suite struct InheritedSocketsTests {
    @Test func aServiceManagersSocketIsFoundByItsPathAlone() throws {
        let scratch = ScratchFolder()
        let folder = scratch.path
        let path = folder.appending("s")
        let listener = try UnixSocket.listen(path)
        defer { try? listener.close() }
        defer {
            unsetenv("LISTEN_PID")
            unsetenv("LISTEN_FDS")
        }
        setenv("LISTEN_FDS", "\(listener.rawValue - 2)", 1)
        #expect(InheritedSockets.take(path) == nil)
        setenv("LISTEN_PID", "1", 1)
        #expect(InheritedSockets.take(path) == nil)
        setenv("LISTEN_PID", "\(getpid())", 1)
        #expect(InheritedSockets.take(path) == listener)
        #expect(InheritedSockets.take(folder.appending("x").appending("..").appending("s")) == listener)
        #expect(InheritedSockets.take(folder.appending("other")) == nil)
        setenv("LISTEN_FDS", "many", 1)
        #expect(InheritedSockets.take(path) == nil)
    }
}
