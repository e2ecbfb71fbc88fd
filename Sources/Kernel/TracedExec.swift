import CKernel
import Glibc
import SystemPackage

/// The exec of a process that is traced inside the container: nobody can stop it to change its registers.
///
/// The host does the call as it was made, but finds the loader under the name: for the time that it takes the host to read
/// it, the caller's path is the loader's name in the folder in which all processes are on the host. That is one letter and
/// its NUL, so that no path is too short for it. Whatever another thread writes there, Landlock lets nothing else be
/// executed. The tracer has seen the call, with the path that it had, before this kernel does.
struct TracedExec: Sendable {
    private let pid: pid_t
    private let oldName: [UInt8]?
    private let address: UInt64
    private let old: [UInt8]
    /// The caller's memory, also once the caller has another.
    private let memory: CInt
    /// The descriptor that the program is named by, and what it stands for; -1 when there is none.
    private(set) var replaced: (number: CInt, original: CInt, closesOnExec: Bool) = (-1, -1, true)

    /// Arguments and variables whose text is where the path is, by their places behind argc, and what they are.
    private(set) var replacements: [(place: Int, text: [UInt8])] = []

    private static let loaderName: [UInt8] = [UInt8(UKK_LOADER_NAME), 0]

    /// Lets the host execute the loader in place of the program that a call of execve(2) or execveat(2) names.
    /// - Throws: What keeps this kernel from changing the caller's memory.
    static func start(_ call: CallContext, _ pending: PendingExec, path: [UInt8]) throws(Errno) {
        let exec = try TracedExec(call, path: path)
        let (kernel, process) = (call.kernel, call.process)
        pending.stage = .released
        pending.traced = exec
        process.pendingExec?.close()
        process.pendingExec = pending
        process.loading = .executed
        _ = ukk_continue(kernel.listener, call.id)
        guard exec.memory >= 0 else { return }
        let result = Thread.start(stackSize: 256 << 10, nil) {
            exec.awaitStart {
                var isOver = false
                kernel.receivers.withKernel { isOver = process.pendingExec !== pending }
                return isOver
            }
            exec.restore()
        }
        if result != 0 { close(exec.memory) }
    }

    private init(_ call: CallContext, path: [UInt8]) throws(Errno) {
        pid = call.process.pid
        oldName = HostProcess.name(of: pid)
        address = call.number == 322 ? call[1] : call[0]
        if call.number == 322, call.int(0) != AT_FDCWD {
            replaced = try TracedExec.replaceDescriptor(call, isProgram: path.isEmpty)
            guard !path.isEmpty else {
                (old, memory) = ([], -1)
                return
            }
        }
        replacements = try TracedExec.strings(at: address, of: call)
        let memory = open("/proc/\(call.tid)/mem", O_RDWR | O_CLOEXEC)
        guard memory >= 0 else { throw Errno(rawValue: errno) }
        var old: [UInt8] = [0, 0]
        guard pread(memory, &old, 2, off_t(truncatingIfNeeded: address)) == 2,
            pwrite(memory, TracedExec.loaderName, 2, off_t(truncatingIfNeeded: address)) == 2
        else {
            close(memory)
            throw .permissionDenied
        }
        (self.memory, self.old) = (memory, old)
    }

    /// The strings of both vectors that hold the place where the loader's name will stand: argv[0], often, or the variable
    /// that the path comes from.
    private static func strings(
        at address: UInt64, of call: CallContext
    ) throws(Errno) -> [(place: Int, text: [UInt8])] {
        let first = call.number == 322 ? 2 : 1
        var result: [(place: Int, text: [UInt8])] = []
        var place = 0
        for vector in [call[first], call[first + 1]] where vector != 0 {
            var position = vector
            while true {
                let string: UInt64 = try call.read(at: position)
                if string == 0 { break }
                // A string's longest length (MAX_ARG_STRLEN).
                if string <= address + 1, address < string &+ 131_072 {
                    let text = try call.readString(at: string, limit: 131_072)
                    if address < string + UInt64(text.count) {
                        guard result.count < Int(UKL_REPLACEMENTS), text.count < 4096 else { throw .argListTooLong }
                        result.append((place, text))
                    }
                }
                position += 8
                place += 1
                guard place < 1 << 20 else { throw .argListTooLong }
            }
            place += 1
        }
        return result
    }

    /// Puts the loader in the place of the descriptor that the call names, or its folder in the place of the folder.
    private static func replaceDescriptor(
        _ call: CallContext, isProgram: Bool
    ) throws(Errno) -> (number: CInt, original: CInt, closesOnExec: Bool) {
        let number = call.int(0)
        let flags = HostProcess.information(of: number, in: "\(call.tid)")?["flags"].flatMap { UInt32($0, radix: 8) }
        guard let flags else { throw .badFileDescriptor }
        let closes = flags & UInt32(O_CLOEXEC) != 0
        let original = try call.kernel.sockets.duplicate(ofAny: number, call)
        let folder = isProgram ? -1 : open("/proc/\(call.kernel.nursery.pid)/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { if folder >= 0 { close(folder) } }
        let result = ukk_add_descriptor(
            call.kernel.listener, call.id, 0, isProgram ? call.kernel.loader : folder, number, closes ? 1 : 0, 0)
        guard result >= 0 else {
            close(original)
            throw Errno(rawValue: -result)
        }
        return (number, original, closes)
    }

    /// Gives the caller its descriptor back, with a call of its: the loader's, or the next one after an exec that failed.
    func giveBack(_ listener: CInt, _ id: UInt64, isExecuted: Bool) {
        guard replaced.original >= 0 else { return }
        if !isExecuted || !replaced.closesOnExec {
            _ = ukk_add_descriptor(
                listener, id, 0, replaced.original, replaced.number, replaced.closesOnExec ? 1 : 0, 0)
        }
        close(replaced.original)
    }

    /// Whether a call is this exec once more: the host does it again when a signal or a tracer came in between.
    func isRepeated(_ number: Int, path: UInt64, memory: CallerMemory, tid: pid_t) -> Bool {
        guard number == 59 || number == 322, path == address else { return false }
        var now: [UInt8] = [0, 0]
        return now.withUnsafeMutableBytes { memory.read(tid, path, into: $0) } == 2 && now == TracedExec.loaderName
    }

    /// Waits until the host has read the path: the new program is named after it.
    private func awaitStart(orUntil isOver: () -> Bool) {
        var pause: UInt32 = 30
        while !isOver() {
            guard let name = HostProcess.name(of: pid) else { return }
            if name != oldName, name == Array(TracedExec.loaderName.dropLast()) { return }
            usleep(pause)
            pause = min(pause * 2, 5000)
        }
    }

    /// Puts the path back where its memory outlives the exec: that of a parent whose child was born by vfork(2).
    private func restore() {
        var now: [UInt8] = [0, 0]
        let place = off_t(truncatingIfNeeded: address)
        if pread(memory, &now, 2, place) == 2, now == TracedExec.loaderName { pwrite(memory, old, 2, place) }
        close(memory)
    }
}
