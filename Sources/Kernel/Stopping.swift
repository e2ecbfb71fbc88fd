import CKernel
import Glibc

// Holding a container's processes still so that none of them notices: parents before their children, and on again the other
// way round, so that nobody who runs has a child that is stopped.
extension Kernel {
    /// Stops every process that is not stopped already.
    func stopAll() {
        // One that was about to fork may have a child by now.
        for _ in 0..<8 {
            let running = allPids().filter { !held.contains($0) && !HostProcess.isStopped($0) }
            if running.isEmpty { return }
            for level in levels(running) {
                for pid in level where Glibc.kill(pid, SIGSTOP) == 0 { held.append(pid) }
                for pid in level { awaitStop(of: pid) }
            }
        }
    }

    /// Lets those go on that `stopAll` has stopped.
    func resumeAll() {
        for level in levels(held).reversed() {
            for pid in level where processes.processes[pid] != nil { Glibc.kill(pid, SIGCONT) }
        }
        held = []
    }

    /// By their distance from the first process, the nearest first.
    private func levels(_ pids: [pid_t]) -> [[pid_t]] {
        var levels: [[pid_t]] = []
        for pid in pids {
            var (depth, at) = (0, processes.processes[pid]?.parent ?? 0)
            while at != 0, depth < 4096, let parent = processes.processes[at] {
                depth += 1
                at = parent.parent
            }
            while levels.count <= depth { levels.append([]) }
            levels[depth].append(pid)
        }
        return levels
    }

    /// Waits a little: one that is inside a call of the host's stops on its way out.
    private func awaitStop(of pid: pid_t) {
        for turn in 0..<20 {
            guard let state = HostProcess.state(of: pid), state == UInt8(ascii: "R") || state == UInt8(ascii: "S")
            else {
                return
            }
            if turn == 0 { sched_yield() } else { usleep(50) }
        }
    }
}
