import Glibc

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

    func close() {
        if programFile.descriptor >= 0 { Glibc.close(programFile.descriptor) }
        if interpreterDescriptor >= 0 { Glibc.close(interpreterDescriptor) }
        programFile.descriptor = -1
        interpreterDescriptor = -1
    }
}
