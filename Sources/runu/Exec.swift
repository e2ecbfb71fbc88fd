import ArgumentParser
import Host
import OCISpec
import Runtime
import SystemPackage

/// `runu exec`.
struct Exec: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exec", abstract: "Start a further process in a container.")

    @ParentCommand var runu: Runu
    @Option(help: "Unix socket that gets the terminal's master.") var consoleSocket: String?
    @Option(help: "Working directory in the container.") var cwd: String?
    @Option(help: "NAME=value for the environment; may be given several times.") var env: [String] = []
    @Flag(help: "Give the process a terminal.") var tty = false
    @Option(help: "UID[:GID].") var user: String?
    @Option(help: "A further group; may be given several times.") var additionalGids: [UInt32] = []
    @Option(help: "File that describes the process, as config.json does.") var process: String?
    @Flag(help: "Do not wait for the process.") var detach = false
    @Option(help: "File that gets the process id.") var pidFile: String?
    @Option(help: "Accepted for runc's sake.") var processLabel: String?
    @Option(help: "Accepted for runc's sake.") var apparmor: String?
    @Flag(help: "Bar the process from gaining privileges.") var noNewPrivs = false
    @Option(help: "A further capability; may be given several times.") var cap: [String] = []
    @Option(help: "How many descriptors from 3 on the process inherits.") var preserveFds = 0
    @Option(help: "Accepted for runc's sake.") var cgroup: [String] = []
    @Flag(help: "Accepted for runc's sake.") var ignorePaused = false
    @Argument(help: "The container.") var id: String
    @Argument(help: "The program and its arguments.") var command: [String] = []

    func run() throws {
        let code: Int32
        do {
            code = try exec()
        } catch {
            // What the command itself may exit with, 1 above all, tells of the command alone.
            throw RuntimeError("exec failed: \(error)", exitCode: 255)
        }
        if code != 0 { throw ExitCode(code) }
    }

    private func exec() throws -> Int32 {
        let container = try runu.store.container(id)
        let options = ProcessOptions(
            isDetached: detach, pidFile: pidFile.map { FilePath($0) },
            consoleSocket: consoleSocket.map { FilePath($0) }, preservedDescriptors: preserveFds)
        return try container.exec(try described(container), options: options)
    }

    private func described(_ container: Container) throws -> RuntimeSpec.Process {
        if let process {
            var described: RuntimeSpec.Process = try JSON.decode(from: try readWhole(process))
            if tty { described.terminal = true }
            return described
        }
        guard !command.isEmpty else { throw RuntimeError("process args cannot be empty") }
        var described = try container.configuredProcess()
        described.args = command
        described.terminal = tty
        described.consoleSize = nil
        described.env = (described.env ?? []) + env
        if let cwd { described.cwd = cwd }
        if noNewPrivs { described.noNewPrivileges = true }
        if !cap.isEmpty { described.capabilities = (described.capabilities ?? .init()).adding(cap) }
        var user = described.user ?? RuntimeSpec.User()
        if let wanted = self.user {
            let parts = wanted.split(separator: ":", maxSplits: 1)
            guard let uid = parts.first.flatMap({ UInt32($0) }) else {
                throw RuntimeError("parsing \(wanted) as uid failed: a number is wanted")
            }
            user.uid = uid
            if parts.count > 1 {
                guard let gid = UInt32(parts[1]) else {
                    throw RuntimeError("parsing \(parts[1]) as gid failed: a number is wanted")
                }
                user.gid = gid
            }
        }
        if !additionalGids.isEmpty { user.additionalGids = (user.additionalGids ?? []) + additionalGids }
        described.user = user
        return described
    }
}

extension RuntimeSpec.CapabilitySets {
    fileprivate func adding(_ names: [String]) -> RuntimeSpec.CapabilitySets {
        var result = self
        result.bounding = (bounding ?? []) + names
        result.effective = (effective ?? []) + names
        result.permitted = (permitted ?? []) + names
        return result
    }
}

/// The contents of the file `path`; of standard input for `-`.
func readWhole(_ path: String) throws -> [UInt8] {
    do {
        let isInput = path == "-"
        let file = isInput ? FileDescriptor.standardInput : try FileDescriptor.open(path, .readOnly)
        defer { if !isInput { try? file.close() } }
        return try file.readAll()
    } catch let error as Errno {
        throw RuntimeError("open \(path): \(error)")
    }
}
