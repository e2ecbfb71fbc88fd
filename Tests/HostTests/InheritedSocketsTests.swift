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
        // The environment is the whole process's, and other tests run beside this one: it is not touched.
        func take(_ path: FilePath, _ variables: [String: String]) -> FileDescriptor? {
            InheritedSockets.take(path) { variables[$0] }
        }
        let count = "\(listener.rawValue - 2)"
        #expect(take(path, ["LISTEN_FDS": count]) == nil)
        #expect(take(path, ["LISTEN_FDS": count, "LISTEN_PID": "1"]) == nil)
        let mine = ["LISTEN_FDS": count, "LISTEN_PID": "\(getpid())"]
        #expect(take(path, mine) == listener)
        #expect(take(folder.appending("x").appending("..").appending("s"), mine) == listener)
        #expect(take(folder.appending("other"), mine) == nil)
        #expect(take(path, mine.merging(["LISTEN_FDS": "\(CInt.max)"]) { $1 }) == listener)
        for wrong in ["many", "0", "-1", "\(listener.rawValue - 3)"] {
            #expect(take(path, mine.merging(["LISTEN_FDS": wrong]) { $1 }) == nil)
        }
    }
}
