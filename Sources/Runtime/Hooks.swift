import CHost
import Glibc
import Host
import KernelProtocol
import OCISpec
import SystemPackage

extension RuntimeSpec.Hook {
    /// Runs the hook on the host with `state` on its standard input and waits for its end.
    ///
    /// - Throws: `RuntimeError` when it cannot be run, fails, or takes longer than its timeout.
    func run(kind: String, index: Int, state: RuntimeState) throws {
        let name = "error running \(kind) hook #\(index)"
        Log.shared.debug("running \(kind) hook #\(index): \(path)")
        let input = try temporaryFile(try state.text())
        let (output, errors) = (try temporaryFile([]), try temporaryFile([]))
        defer {
            try? input.close()
            try? output.close()
            try? errors.close()
        }
        var spawn = Spawn(FilePath(path), arguments: args ?? [path], descriptors: [input, output, errors])
        if let env { spawn.environment = env }
        let pid: pid_t
        do {
            pid = try spawn.start()
        } catch {
            throw RuntimeError.wrapping(error, name)
        }
        if let timeout, let start = Processes.startTime(of: pid),
            !Processes.waitForEnd(of: pid, startTime: start, milliseconds: Int32(clamping: timeout * 1000))
        {
            Glibc.kill(pid, SIGKILL)
            Processes.waitForEnd(of: pid)
            throw RuntimeError("\(name): hook ran past specified timeout of \(timeout).0s")
        }
        let code = ukh_exit_code(Processes.waitForEnd(of: pid))
        guard code != 0 else { return }
        let (told, complained) = (beginning(of: output), beginning(of: errors))
        throw RuntimeError("\(name): \(failure(code)), stdout: \(told), stderr: \(complained)")
    }
}

/// What runc says of a hook that did not end well.
private func failure(_ code: Int32) -> String {
    let end = code > 128 ? "signal: \(String(cString: strsignal(code - 128)).lowercased())" : "exit status \(code)"
    return "error running hook: \(end)"
}

/// What a hook has written to a file, as far as it fits in a message.
private func beginning(of file: FileDescriptor) -> String {
    lseek(file.rawValue, 0, SEEK_SET)
    return (try? file.readAll()).map { String(decoding: $0.prefix(4096), as: UTF8.self) } ?? ""
}

extension Container {
    /// Runs a startContainer hook: inside the container, as its root user.
    func run(_ hook: RuntimeSpec.Hook, kind: String, index: Int, over connection: borrowing KernelConnection) throws {
        let name = "error running \(kind) hook #\(index)"
        let input = try temporaryFile(try hookState(.created).text())
        defer { try? input.close() }
        let process = ProcessSpecification(
            arguments: [hook.path] + (hook.args ?? []).dropFirst(), environment: hook.env ?? [],
            capabilities: Capabilities(RuntimeSpec.CapabilitySets(RuntimeSpec.defaultCapabilities)))
        let pid: Int32
        do {
            pid = try connection.start(
                .exec(process, waiter: .caller), terminal: false, descriptors: [input, .standardError, .standardError]
            ).pid
        } catch let failure as KernelFailure {
            throw RuntimeError("\(name): \(failure.startError(of: [hook.path]))")
        }
        _ = ukh_set_socket_timeout(connection.socket.rawValue, Int32(clamping: (hook.timeout ?? 0) * 1000))
        defer { _ = ukh_set_socket_timeout(connection.socket.rawValue, 10_000) }
        while let (message, _) = try Message.receive(from: connection.socket) {
            guard case .exited(pid, let status) = message else { continue }
            guard status == 0 else { throw RuntimeError("\(name): \(failure(ukh_exit_code(status)))") }
            return
        }
        throw RuntimeError("\(name): the kernel is gone")
    }
}

/// A file without a name that holds `bytes`, at its beginning.
private func temporaryFile(_ bytes: [UInt8]) throws -> FileDescriptor {
    let fd = open("/tmp", O_RDWR | CInt(UKH_O_TMPFILE) | O_CLOEXEC, 0o600)
    guard fd >= 0 else { throw HostError.last("create file in", "/tmp") }
    let file = FileDescriptor(rawValue: fd)
    try file.writeAll(bytes)
    lseek(fd, 0, SEEK_SET)
    return file
}
