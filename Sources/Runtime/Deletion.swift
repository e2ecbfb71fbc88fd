import Glibc
import Host
import KernelProtocol
import OCISpec
import SystemPackage

extension ContainerStore {
    /// Removes what is left of container `id`; with `force`, kills it before, cleans up after a `create` that was
    /// interrupted, and does not mind if there is none.
    public func delete(_ id: String, force: Bool) throws {
        let folder = try self.folder(of: id)
        let lock: ContainerLock
        do {
            lock = try ContainerLock(folder)
        } catch  where force {
            return
        }
        defer { lock.release() }
        guard let record = try? ContainerRecord(in: folder) else {
            guard force else { throw RuntimeError.doesNotExist }
            // A `create` that was killed before it had started a kernel, or a record that cannot be read.
            endUnrecordedKernel(folder)
            removeFolder(folder)
            return
        }
        let container = Container(folder: folder, record: record)
        switch container.status() {
        case .stopped: break
        case .creating: endKernel(pid: record.kernelPid, startTime: record.kernelStartTime)
        case .created: try? container.kill(SIGKILL, all: true)
        case .running, .paused:
            guard force else {
                throw RuntimeError(
                    "cannot delete container \(id) that is not stopped: \(container.status().rawValue)")
            }
            try? container.kill(SIGKILL, all: true)
        }
        endKernel(pid: record.kernelPid, startTime: record.kernelStartTime, patience: 5000)
        if record.pid != 0 {
            _ = Processes.waitForEnd(of: record.pid, startTime: record.pidStartTime, milliseconds: 5000)
        }
        for (index, hook) in (record.hooks?.poststop ?? []).enumerated() {
            do {
                try hook.run(kind: "poststop", index: index, state: container.hookState(.stopped))
            } catch {
                // runtime.md, Lifecycle: a failing poststop hook is told, and the deletion goes on.
                Log.shared.warning("\(error)")
            }
        }
        removeFolder(folder)
    }
}

/// Ends the kernel of which no record tells: whoever listens on the container's socket.
private func endUnrecordedKernel(_ folder: FilePath) {
    guard let socket = try? UnixSocket.connect(Container.socket(in: folder), timeout: 2000) else { return }
    defer { try? socket.close() }
    guard let peer = try? UnixSocket.peer(of: socket), let start = Processes.startTime(of: peer.pid) else { return }
    endKernel(pid: peer.pid, startTime: start)
}

/// Waits up to `patience` milliseconds for a kernel to end, then ends it.
func endKernel(pid: pid_t, startTime: UInt64, patience: Int32 = 0) {
    func ended(within milliseconds: Int32) -> Bool {
        Processes.waitForEnd(of: pid, startTime: startTime, milliseconds: milliseconds)
    }
    if !ended(within: patience), Processes.signal(SIGKILL, pid: pid, startTime: startTime) {
        _ = ended(within: 2000)
    }
    // It is this process's own child when the container was made by this very call.
    _ = waitpid(pid, nil, WNOHANG)
}

/// Removes a container's folder, the record last: as long as it is there, `delete` finds its way back.
func removeFolder(_ folder: FilePath) {
    removeContents(folder, except: ContainerRecord.path(in: folder).lastComponent?.string)
    unlink(ContainerRecord.path(in: folder).string)
    rmdir(folder.string)
}

private func removeContents(_ folder: FilePath, except kept: String? = nil) {
    for name in (try? Folders.names(in: folder)) ?? [] where name != kept {
        let path = folder.appending(name)
        if unlink(path.string) != 0, errno == EISDIR {
            removeContents(path)
            rmdir(path.string)
        }
    }
}
