// Reads and writes instructions of the container's processes: unsafe pointers at the C boundary.
import CFiles
import CKernel
import Glibc
import SystemPackage
import UnionFileSystem

/// Has processes answer stat(2) and its kin themselves, once they call often: the call sites are led into the answering code
/// (ukloader/inside.c), which looks into a table that this kernel writes (`SharedNames`). See docs/architecture.md.
final class InsideAnswers {
    /// Switched off by `UKERNEL_INSIDE=0` in the kernel's environment.
    private var isWanted = getenv("UKERNEL_INSIDE").map { String(cString: $0) != "0" } ?? true
    /// The answering code's entry, as the loader tells it; 0 before the first program.
    private(set) var entry: UInt64 = 0
    private var isRooted = false
    /// By the program's path.
    private var histories: [[UInt8]: OpeningHistory] = [:]
    private static let mostHistories = 32

    /// What was opened by those that ran the same program as a process.
    func history(of process: Process) -> OpeningHistory {
        if let known = process.sites.history { return known }
        let program = process.inherited.executable
        let history = histories[program] ?? OpeningHistory()
        if histories[program] == nil {
            if histories.count == InsideAnswers.mostHistories { histories = [:] }
            histories[program] = history
        }
        process.sites.history = history
        return history
    }

    /// From which call of one place on it is changed: what a short program does is not worth it.
    private static let often: UInt8 = 4
    /// clone3(2), which cannot be done otherwise than by the answering code: from the first call on, while there is one thread.
    private static let clone3 = 435

    private static let numbers: Set<Int> = [
        2, 4, 5, 6, 21, 39, 89, 102, 104, 107, 108, 186, 217, 257, 262, 267, 269, 332, 439,
    ]

    /// A profile has a say about these calls: a filter must see them.
    func mayNotAnswer(_ limited: Set<Int>) {
        if !limited.isDisjoint(with: InsideAnswers.numbers) { isWanted = false }
    }

    /// What a process begins with after an exec. The loader speaks, which nobody else can at that moment.
    func sites(after old: CallSites, _ program: Executable, _ call: CallContext) -> CallSites {
        ended(old)
        var sites = CallSites()
        sites.isBarred = old.isBarred
        sites.stackTop = call[4]
        let isFree = program.isMovable || program.span.high <= UKI_PAGE || program.span.low >= UKI_PAGE + UKI_PAGE_SIZE
        // The container's first program tells it, before anybody else could.
        if entry == 0, isAnsweringCode(call[3]) { entry = call[3] }
        sites.mayChange = isWanted && !old.isBarred && isFree && entry != 0 && call[3] == entry
        return sites
    }

    /// A process is gone, or another program.
    func ended(_ sites: CallSites) {
        if sites.socket >= 0 { close(sites.socket) }
    }

    func isAnsweringCode(_ address: UInt64) -> Bool { (UKL_BASE..<UKL_END).contains(address) }

    /// A call of a process whose sites may be changed.
    @inline(__always)
    func saw(_ call: CallContext) {
        let sites = call.process.sites
        if sites.lender == call.tid { call.process.sites.lender = 0 }
        let isClone = call.number == InsideAnswers.clone3
        guard isClone || InsideAnswers.numbers.contains(call.number) else { return }
        if isAnsweringCode(call.instructionPointer) {
            // It did not know: where it works, perhaps.
            if sites.isReady { tell(call.process, call.files) }
            return
        }
        let count = call.process.sites.count(call.instructionPointer)
        guard isClone || count >= InsideAnswers.often, count < CallSites.givenUp, count & (count - 1) == 0 else {
            return
        }
        if !change(call) { call.process.sites.giveUp(call.instructionPointer) }
    }

    /// Whether code ends in a 5-byte load of the call's number or of an argument, and the system call instruction: mov $n, %eax
    /// (or %edi, %esi, %edx); syscall. A prefix before the load would make it another.
    private static func isChangeable(_ code: [UInt8], _ number: Int) -> Bool {
        guard code.count == 8, code[0] & 0xF0 != 0x40, code[6] == 0x0F, code[7] == 0x05 else { return false }
        if code[1] == 0xB8 { return code[2...5].elementsEqual(bytes(of: UInt32(number))) }
        return [0xBF, 0xBE, 0xBA].contains(code[1])
    }

    /// Tells a process where it works and who it is.
    func tell(_ process: Process, _ files: FileSystem) {
        let state = process.inherited
        files.shared?.setProcess(
            process.pid, folder: state.files.folder, uid: state.identity.uid, effectiveUID: state.identity.effectiveUID,
            gid: state.identity.gid, effectiveGID: state.identity.effectiveGID)
    }

    // MARK: Changing a call site

    /// Makes a load and the system call instruction behind it a jump into the answering code: `jmp *address`, of which the last
    /// two bytes are those of the system call instruction still, for whoever comes back to it. The stub does the load.
    ///
    /// Only in a process of one thread, which waits for this kernel's answer: nobody sees half an instruction. False when
    /// it is of no use to try again: threads end, and a thread that was waited for is still counted for a moment.
    private func change(_ call: CallContext) -> Bool {
        let process = call.process
        let pid = process.pid
        guard process.threads.isEmpty, process.unseenThreads == 0, !process.sites.isBorrowed, call.tid == pid,
            let status = HostProcess.status(of: pid), status.threads == 1
        else { return true }
        guard let code = try? call.read(call.instructionPointer - 8, count: 8),
            InsideAnswers.isChangeable(code, call.number), isFileCode(call),
            share(call) != nil, let count = slots(call), count < UInt32(UKI_SLOTS)
        else { return false }
        let slot = UKI_PAGE + UInt64(UKI_SLOTS_OFFSET) + UInt64(count) * UInt64(UKI_SLOT_SIZE)
        var stub: [UInt8] = []
        func append(_ value: UInt64, _ bytes: Int) {
            for index in 0..<bytes { stub.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * index))) }
        }
        append(slot + 8, 8)
        stub += code[1...5]
        stub += [0x48, 0xB9]  // movabs $back, %rcx
        append(call.instructionPointer, 8)
        stub += [0xFF, 0x25]  // jmp *entry(%rip)
        append(UKI_PAGE + 8 &- (slot + 8 + 21), 4)
        let jump: [UInt8] = [0xFF, 0x24, 0x25, UInt8(truncatingIfNeeded: slot), UInt8(truncatingIfNeeded: slot >> 8)]
        guard poke(pid, slot, stub), poke(pid, UKI_PAGE + 28, InsideAnswers.bytes(of: count + 1)),
            poke(pid, call.instructionPointer - 7, jump)
        else {
            process.sites.mayChange = false
            return false
        }
        return true
    }

    /// The slot that a changed call site of 7 bytes leads to; what the site loaded lies 8 bytes behind its begin.
    static func slot(ofChanged site: ArraySlice<UInt8>) -> UInt64? {
        guard site.count == 7, site.starts(with: [0xFF, 0x24, 0x25]), site.suffix(2).elementsEqual([0x0F, 0x05]) else {
            return nil
        }
        return UKI_PAGE | UInt64(site[site.startIndex + 4]) << 8 | UInt64(site[site.startIndex + 3])
    }

    /// Whether a call site lies in a program's or library's code.
    ///
    /// Where that was mapped once is not asked for again: another mapping there is the process's own affair, and what it may
    /// not write to is not written to for it (`ukk_poke` changes private pages, or what the process can write to).
    private func isFileCode(_ call: CallContext) -> Bool {
        let process = call.process
        let site = call.instructionPointer - 7
        if process.sites.code.contains(site), process.sites.code.contains(site + 6) { return true }
        guard let code = MemoryMap(process.pid).fileCode(around: site, 7) else { return false }
        process.sites.code = code
        return true
    }

    /// How many slots of the process's page are in use; the page is set up when it is untouched. Nil when it is not ours.
    private func slots(_ call: CallContext) -> UInt32? {
        let pid = call.process.pid
        guard let page = try? call.read(uki_page.self, at: UKI_PAGE) else {
            call.process.sites.mayChange = false
            return nil
        }
        if page.magic == UKI_MAGIC { return page.entry == entry ? page.count : nil }
        guard page.magic == 0, MemoryMap(pid).isEmptyPage(UKI_PAGE) else {
            call.process.sites.mayChange = false
            return nil
        }
        let fresh = uki_page(magic: UKI_MAGIC, entry: entry, stack_top: call.process.sites.stackTop, ready: 0, count: 0)
        // syscall; ret: where the filter trusts them.
        guard poke(pid, UKI_NATIVE, [0x0F, 0x05, 0xC3]), poke(pid, UKI_PAGE, InsideAnswers.bytes(of: fresh)) else {
            call.process.sites.mayChange = false
            return nil
        }
        return 0
    }

    private static func bytes<T>(of value: T) -> [UInt8] { withUnsafeBytes(of: value) { Array($0) } }

    private func poke(_ pid: pid_t, _ address: UInt64, _ bytes: [UInt8]) -> Bool {
        ukk_poke(pid, address, bytes, bytes.count) == bytes.count
    }

    /// Makes a process ask again for everything: it is about to be traced, or to be kept from calls by a filter of its own.
    ///
    /// Also what it executes later, and children that it bears, are left alone.
    func stop(_ process: Process) {
        process.sites.isBarred = true
        restore(process)
    }

    /// Puts the changed call sites back as they were.
    func restore(_ process: Process) {
        guard process.sites.mayChange else { return }
        process.sites.mayChange = false
        let pid = process.pid
        let memory = CallerMemory()
        func read(_ address: UInt64, _ count: Int) -> [UInt8]? {
            var bytes = [UInt8](repeating: 0, count: count)
            return bytes.withUnsafeMutableBytes { memory.read(pid, address, into: $0) } == count ? bytes : nil
        }
        guard let page = read(UKI_PAGE, Int(UKI_PAGE_SIZE)) else { return }
        func word(_ at: Int, _ size: Int) -> UInt64 {
            (0..<size).reduce(0) { $0 | UInt64(page[at + $1]) << UInt64(8 * $1) }
        }
        guard word(0, 8) == UKI_MAGIC else { return }
        for index in 0..<min(Int(word(28, 4)), Int(UKI_SLOTS)) {
            let at = Int(UKI_SLOTS_OFFSET) + index * Int(UKI_SLOT_SIZE)
            let slot = UKI_PAGE + UInt64(at)
            let place = word(at + 15, 8) &- 7
            let jump: [UInt8] = [
                0xFF, 0x24, 0x25, UInt8(truncatingIfNeeded: slot), UInt8(truncatingIfNeeded: slot >> 8), 0x0F, 0x05,
            ]
            guard read(place, 7) == jump else { continue }
            _ = poke(pid, place, Array(page[(at + 8)..<(at + 13)]))
        }
    }

    // MARK: The table

    /// getcwd(2) as the answering code asks it.
    func answer(_ call: CallContext) throws(Errno) -> Reply {
        let process = call.process
        guard process.sites.mayChange, isAnsweringCode(call.instructionPointer), let shared = share(call),
            let page = try? call.read(uki_page.self, at: UKI_PAGE), page.magic == UKI_MAGIC
        else { throw .badAddress }
        guard call[1] == UInt64(UKI_HAVE_TABLE) else {
            process.sites.requests += 1
            // Handlers of signals may begin anew, one within the other.
            if process.sites.requests > 8 {
                restore(process)
                throw .noMemory
            }
            return .descriptor(shared.descriptor, closeOnExec: true, closing: false)
        }
        process.sites.keeps = call[2] == 1
        guard poke(process.pid, UKI_PAGE + 24, [process.sites.keeps ? 2 : 1, 0, 0, 0]) else { throw .badAddress }
        process.sites.isReady = true
        process.sites.requests = 0
        tell(process, call.files)
        return .value(0)
    }

    private func share(_ call: CallContext) -> SharedNames? {
        if let shared = call.files.shared { return shared }
        guard let shared = call.files.share() else {
            call.process.sites.mayChange = false
            return nil
        }
        if let first = call.kernel.processes.first { shared.setFirst(first.pid) }
        if isRooted { shared.leaveRoot() }
        return shared
    }

    /// A process leaves the container's root folder (chroot(2)).
    func leavesRoot(_ files: FileSystem) {
        isRooted = true
        files.shared?.leaveRoot()
    }
}
