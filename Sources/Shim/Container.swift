import Glibc
import Host
import SystemPackage
import TTRPC

/// A container and its processes.
final class Container {
    let id: String
    let bundle: String
    let settings: RuntimeSettings
    let main: ContainerProcess
    var execs: [ContainerProcess] = []
    var isPaused = false
    /// Tells of processes that were killed for want of memory.
    var memoryWatch: MemoryWatch?
    /// The end of the first process, while ends of others have to be told before it.
    var heldEnd: (() -> Void)?

    init(id: String, bundle: String, settings: RuntimeSettings, main: ContainerProcess) {
        self.id = id
        self.bundle = bundle
        self.settings = settings
        self.main = main
    }

    /// The process with `execID`; the first one when it is empty.
    ///
    /// - Throws: `TTRPCError` (not found).
    func process(_ execID: String) throws -> ContainerProcess {
        if execID.isEmpty { return main }
        guard let process = execs.first(where: { $0.execID == execID }) else {
            throw TTRPCError(.notFound, "process does not exist \(execID): not found")
        }
        return process
    }

    /// A name in the bundle for what belongs to one process.
    func path(_ process: ContainerProcess, _ suffix: String) -> String {
        "\(bundle)/\(process.execID.isEmpty ? "init" : process.execID)\(suffix)"
    }

    /// The pid that the runtime has written.
    static func readPid(_ path: String) -> pid_t? {
        guard let bytes = readFile(path, limit: 32) else { return nil }
        let digits = bytes.prefix { $0 >= 0x30 && $0 <= 0x39 }
        return pid_t(String(decoding: digits, as: UTF8.self))
    }
}
