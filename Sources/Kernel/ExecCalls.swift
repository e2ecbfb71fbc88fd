// Fills in a structure for the loader: unsafe pointers for the tuple fields of C.
import CKernel
import Glibc
import KernelProtocol
import SystemPackage

/// execve(2) and execveat(2).
///
/// The host would look programs up in its own root, so the caller is made to execute the loader instead, which asks here
/// for the program. Three notifications: the call itself (the caller is redirected with ptrace), the redirected call (let
/// through: Landlock allows nothing but the loader), and the loader's request.
enum ExecCalls {
    static let execve = SystemCallHandler { call throws(Errno) in
        if let pending = call.process.pendingExec, pending.stage == .released, call[0] == UKL_REQUEST,
            pending.hasExecuted(call.tid)
        {
            return try commit(pending, call)
        }
        if isRepeated(call, path: call[0]) { return .native }
        let path = try call.readString(at: call[0])
        try begin(
            call, path: path, folder: AT_FDCWD, flags: 0, empty: call[0] + UInt64(path.count), argv: call[1],
            envp: call[2])
        return .later
    }

    static let execveat = SystemCallHandler { call throws(Errno) in
        if let pending = call.process.pendingExec, pending.stage == .redirected, pending.tid == call.tid,
            call.int(0) == pending.loader, call.uint(4) == UInt32(UKK_AT_EMPTY_PATH)
        {
            pending.stage = .released
            return .native
        }
        if isRepeated(call, path: call[1]) { return .native }
        let flags = call.uint(4)
        guard flags & ~UInt32(UKK_AT_EMPTY_PATH | 0x100) == 0 else { throw .invalidArgument }
        let path = try call.readString(at: call[1])
        if path.isEmpty, flags & UInt32(UKK_AT_EMPTY_PATH) == 0 { throw .noSuchFileOrDirectory }
        try begin(
            call, path: path, folder: call.int(0), flags: flags, empty: call[1] + UInt64(path.count), argv: call[2],
            envp: call[3])
        return .later
    }

    private static func isRepeated(_ call: CallContext, path: UInt64) -> Bool {
        guard let pending = call.process.pendingExec, pending.tid == call.tid, pending.stage == .released else {
            return false
        }
        return pending.traced?.isRepeated(call.number, path: path, memory: call.kernel.memory, tid: call.tid) == true
    }

    /// The first program of a process that was asked for from outside.
    static func begin(_ birth: Birth, _ call: CallContext) throws(Errno) {
        let empty = call[0] + UInt64(birth.process.arguments[0].utf8.count)
        try search(birth) { path throws(Errno) in
            try begin(call, path: path, folder: AT_FDCWD, flags: 0, empty: empty, argv: call[1], envp: call[2])
        }
    }

    /// Whether that program could be executed now.
    static func check(_ birth: Birth, _ call: CallContext) throws(Errno) {
        try search(birth) { path throws(Errno) in
            try find(call, path: path, folder: AT_FDCWD, noFollow: false).close()
        }
    }

    /// Tries what `arguments[0]` may mean: a name without a slash is looked up in PATH.
    private static func search(_ birth: Birth, _ attempt: ([UInt8]) throws(Errno) -> Void) throws(Errno) {
        let name = Array(birth.process.arguments[0].utf8)
        if name.contains(UInt8(ascii: "/")) || name.isEmpty { return try attempt(name) }
        let variable = birth.process.environment.last { $0.hasPrefix("PATH=") }?.utf8.dropFirst(5)
        let path =
            variable.map { Array($0) } ?? Array("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".utf8)
        var worst = Errno.noSuchFileOrDirectory
        for folder in path.split(separator: UInt8(ascii: ":")) {
            do throws(Errno) {
                return try attempt(Array(folder) + [UInt8(ascii: "/")] + name)
            } catch {
                // As execvp(3): a file that may not be executed is remembered, the search goes on.
                switch error {
                case .noSuchFileOrDirectory, .notDirectory: continue
                case .permissionDenied: worst = error
                default: throw error
                }
            }
        }
        throw worst
    }

    // MARK: Finding the program

    private static func begin(
        _ call: CallContext, path: [UInt8], folder: CInt, flags: UInt32, empty: UInt64, argv: UInt64, envp: UInt64
    ) throws(Errno) {
        guard !path.isEmpty || folder != AT_FDCWD else { throw .noSuchFileOrDirectory }
        let pending = try find(call, path: path, folder: folder, noFollow: flags & 0x100 != 0)
        if pending.programFile.mode & 0o6000 != 0 { pending.rememberProgram(call.tid) }
        // Nor may the old program change what is remembered of it.
        call.process.isFresh = false
        do throws(Errno) {
            if call.kernel.tracer(of: call.process) != nil { return try TracedExec.start(call, pending, path: path) }
            pending.loader = try call.inject(call.kernel.loader, closeOnExec: true)
            call.process.pendingExec?.close()
            call.process.pendingExec = pending
            let error = ukk_redirect_exec(
                call.tid, call.kernel.listener, call.id, call.kernel.isKillable ? 1 : 0, pending.loader, empty, argv,
                envp)
            // A tracer has come meanwhile.
            if error == -EPERM { return try TracedExec.start(call, pending, path: path) }
            // A caller that is gone needs no answer.
            if error != 0, error != -ESRCH { throw Errno(rawValue: -error) }
        } catch {
            call.process.pendingExec = nil
            pending.close()
            throw error
        }
    }

    private static func find(
        _ call: CallContext, path: [UInt8], folder: CInt, noFollow: Bool
    ) throws(Errno) -> PendingExec {
        let files = call.kernel.files!
        var file = try files.openProgram(
            path, folder: folder, noFollow: noFollow, process: call.process, tid: call.tid)
        do throws(Errno) {
            var prepended: [[UInt8]] = []
            var name = path.isEmpty ? Array("/dev/fd/\(folder)".utf8) : path
            let original = name
            var head = Self.head(of: file)
            var depth = 0
            while let line = try Executable.interpreterLine(head) {
                guard depth < 5 else { throw .tooManySymbolicLinkLevels }
                depth += 1
                // The script's name takes the place of argv[0], its interpreter and argument stand before it.
                if prepended.isEmpty { prepended = [name] }
                prepended = [line.path] + (line.argument.map { [$0] } ?? []) + prepended
                name = line.path
                let next = try files.openProgram(
                    line.path, folder: AT_FDCWD, noFollow: false, process: call.process, tid: call.tid)
                close(file.descriptor)
                file = next
                head = Self.head(of: file)
            }
            let program = try executable(file, head, files)
            var interpreter: (Executable, CInt)?
            if let path = program.interpreter {
                let opened = try files.openProgram(
                    path, folder: AT_FDCWD, noFollow: false, process: call.process, tid: call.tid)
                do throws(Errno) {
                    let image = try executable(opened, Self.head(of: opened), files)
                    guard image.interpreter == nil else { throw .execFormatError }
                    interpreter = (image, opened.descriptor)
                } catch {
                    close(opened.descriptor)
                    throw error == .execFormatError ? Errno(rawValue: ELIBBAD) : error
                }
            }
            return PendingExec(
                tid: call.tid, program: program, file: file, interpreter: interpreter, prepended: prepended,
                name: original)
        } catch {
            close(file.descriptor)
            throw error
        }
    }

    /// What a file begins with; of a program that is known, nothing.
    private static func head(of file: ProgramFile) -> [UInt8] {
        file.executable == nil ? read(file.descriptor, 0, 4096) : []
    }

    private static func executable(
        _ file: ProgramFile, _ head: [UInt8], _ files: ContainerFiles
    ) throws(Errno) -> Executable {
        if let known = file.executable { return known }
        let executable = try Executable(head: head) { read(file.descriptor, $0, $1) }
        if let node = file.layerNode { files.programs.keep(node, executable, file.descriptor) }
        return executable
    }

    private static func read(_ descriptor: CInt, _ offset: UInt64, _ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, size in
            size = 0
            while size < count {
                let n = pread(descriptor, buffer.baseAddress! + size, count - size, off_t(offset) + off_t(size))
                if n <= 0 { break }
                size += n
            }
        }
    }

    // MARK: Handing it to the loader

    private static func commit(_ pending: PendingExec, _ call: CallContext) throws(Errno) -> Reply {
        let process = call.process
        process.pendingExec = nil
        process.isFresh = true
        defer { pending.close() }
        pending.traced?.giveBack(call.kernel.listener, call.id, isExecuted: true)
        if process.loading == .driven {
            // int3: there the tracer, which is made to wait for it, has its tracee stop.
            _ = call.kernel.memory.force(call.tid, call[5], [0xCC])
        } else {
            process.loading = nil
        }
        var file = pending.programFile
        // Nobody gains rights under the eyes of somebody who has not got them.
        if let tracer = call.kernel.tracer(of: process), !tracer.inherited.identity.has(.trace) { file.mode &= ~0o6000 }
        call.kernel.processes.removeThreads(of: process)
        let replacements = pending.traced?.replacements ?? []
        let replaced = replacements.first.map { $0.place == 0 ? [$0.text] : [] } ?? []
        process.change { state in
            let isChanged = state.identity.execute(file)
            state.isElevated = isChanged
            state.executable = pending.programFile.path
            state.program = pending.programFile.node
            state.interpreterArguments = pending.prepended.isEmpty ? replaced : pending.prepended
            state.dumpable = isChanged ? 0 : 1
        }
        process.sites = call.kernel.inside.sites(after: process.sites, pending.program, call)
        let plan = UnsafeMutablePointer<ukl_plan>.allocate(capacity: 1)
        defer { plan.deallocate() }
        memset(plan, 0, MemoryLayout<ukl_plan>.size)
        plan.pointee.version = UInt32(UKL_VERSION)
        plan.pointee.executable_stack = pending.program.hasExecutableStack ? 1 : 0
        fill(&plan.pointee.program, pending.program)
        plan.pointee.program.descriptor = try call.inject(pending.programFile.descriptor, closeOnExec: true)
        plan.pointee.interpreter.descriptor = -1
        if let interpreter = pending.interpreter {
            fill(&plan.pointee.interpreter, interpreter)
            plan.pointee.interpreter.descriptor = try call.inject(pending.interpreterDescriptor, closeOnExec: true)
        }
        plan.pointee.headers = pending.program.headers
        plan.pointee.header_count = pending.program.headerCount
        plan.pointee.header_size = 56
        plan.pointee.inside = process.sites.mayChange ? 1 : 0
        let identity = process.inherited.identity
        plan.pointee.uid = identity.uid
        plan.pointee.euid = identity.effectiveUID
        plan.pointee.gid = identity.gid
        plan.pointee.egid = identity.effectiveGID
        plan.pointee.secure = process.inherited.isElevated ? 1 : 0
        // Where Linux puts a position-independent program: two thirds up, at random.
        var random: UInt64 = 0
        _ = getrandom(&random, 8, 0)
        plan.pointee.base = 0x5555_5555_4000 + (random & 0xFFF_FFFF) << 12
        plan.pointee.prepended = UInt32(pending.prepended.count)
        let name = (pending.prepended.last ?? pending.name).split(separator: UInt8(ascii: "/")).last ?? []
        withUnsafeMutableBytes(of: &plan.pointee.name) { $0.copyBytes(from: name.prefix(15)) }
        var strings = pending.name + [0]
        for string in pending.prepended + replacements.map({ $0.text }) { strings += string + [0] }
        plan.pointee.replacement_count = UInt32(replacements.count)
        withUnsafeMutableBytes(of: &plan.pointee.replacements) { raw in
            let places = raw.bindMemory(to: UInt32.self)
            for (index, replacement) in replacements.enumerated() { places[index] = UInt32(replacement.place) }
        }
        guard strings.count <= Int(UKL_STRINGS) else { throw .argListTooLong }
        plan.pointee.strings_size = UInt32(strings.count)
        ukk_plan_strings(plan).update(from: strings.map { CChar(bitPattern: $0) }, count: strings.count)
        let size = MemoryLayout<ukl_plan>.size - Int(UKL_STRINGS) + strings.count
        guard call[2] >= UInt64(MemoryLayout<ukl_plan>.size) else { throw .invalidArgument }
        try call.write(UnsafeRawBufferPointer(start: plan, count: size), at: call[1])
        return .value(size)
    }

    private static func fill(_ image: inout ukl_image, _ executable: Executable) {
        let span = executable.span
        image.low = span.low
        image.high = span.high
        image.movable = executable.isMovable ? 1 : 0
        image.alignment = executable.alignment
        image.entry = executable.entry
        image.segment_count = UInt32(executable.segments.count)
        withUnsafeMutableBytes(of: &image.segments) { raw in
            let segments = raw.bindMemory(to: ukl_segment.self)
            for (index, segment) in executable.segments.enumerated() {
                segments[index] = ukl_segment(
                    address: segment.address, memory_size: segment.memorySize, file_size: segment.fileSize,
                    offset: segment.offset, protection: segment.protection, padding: 0)
            }
        }
    }
}

extension Kernel {
    /// Called for every call of a process with an exec under way: once the exec was let through, another call of the same
    /// thread than the loader's request means that the host refused it (E2BIG, ENOMEM).
    ///
    /// Before that, the thread may run a signal's handler, and come back to the exec.
    func execMayHaveFailed(_ process: Process, _ notification: seccomp_notif) {
        guard let pending = process.pendingExec, pending.tid == pid_t(notification.pid), pending.stage == .released,
            notification.data.nr != 59 || notification.data.args.0 != UKL_REQUEST,
            pending.traced?.isRepeated(
                Int(notification.data.nr),
                path: notification.data.nr == 59 ? notification.data.args.0 : notification.data.args.1, memory: memory,
                tid: pending.tid) != true
        else { return }
        process.pendingExec = nil
        process.loading = nil
        pending.traced?.giveBack(listener, notification.id, isExecuted: false)
        pending.close()
    }
}
