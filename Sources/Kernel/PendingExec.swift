import CKernel
import Glibc
import Host

/// An exec between the moment its program is found and the moment the loader has it.
final class PendingExec {
    enum Stage {
        /// The caller is on its way to call execveat on the loader.
        case redirected
        /// That call was let through; the loader asks next.
        case released
    }

    var stage = Stage.redirected
    let tid: pid_t
    /// The loader's descriptor in the caller.
    var loader: CInt = -1
    /// How a traced caller's exec is done.
    var traced: TracedExec?
    let program: Executable
    let interpreter: Executable?
    private(set) var programFile: ProgramFile
    private(set) var interpreterDescriptor: CInt
    /// What stands in argv[0]'s place: for a script the interpreter, its argument and the script's path.
    let prepended: [[UInt8]]
    /// The path as the caller gave it: AT_EXECFN.
    let name: [UInt8]

    init(
        tid: pid_t, program: Executable, file: ProgramFile, interpreter: (Executable, CInt)?, prepended: [[UInt8]],
        name: [UInt8]
    ) {
        self.tid = tid
        self.program = program
        programFile = file
        self.interpreter = interpreter?.0
        interpreterDescriptor = interpreter?.1 ?? -1
        self.prepended = prepended
        self.name = name
    }

    // MARK: Whether it took place

    /// What the host tells about the program before the exec: addresses that it chose at random (AT_RANDOM, AT_SYSINFO_EHDR),
    /// and that a process cannot change. Kept when the new program has rights that the old one may not get at.
    private var before: String?

    /// Whether the host gives each program other addresses.
    private static let isRandom =
        readSmallFile("/proc/sys/kernel/randomize_va_space")?.first != "0"
        && ukk_raw(135, 0xFFFF_FFFF, 0, 0, 0, 0, 0) & 0x40000 == 0

    func rememberProgram(_ tid: pid_t) {
        before = readSmallFile("/proc/\(tid)/auxv") ?? ""
    }

    /// Whether a thread that asks for the plan is the loader, where that matters. Every program of a container runs in what the
    /// host takes for the loader, so neither its file nor its instructions say; but only an exec changes the addresses.
    func hasExecuted(_ tid: pid_t) -> Bool {
        guard let before, PendingExec.isRandom else { return true }
        guard let now = readSmallFile("/proc/\(tid)/auxv"), !now.isEmpty else { return false }
        return now != before
    }

    func close() {
        if programFile.descriptor >= 0 { Glibc.close(programFile.descriptor) }
        if interpreterDescriptor >= 0 { Glibc.close(interpreterDescriptor) }
        programFile.descriptor = -1
        interpreterDescriptor = -1
    }
}
