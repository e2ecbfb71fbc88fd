import CFiles
import Glibc
import SystemPackage

/// /dev/pts: the container's own pseudo-terminals, which are terminals of the host.
final class TerminalFolder: SyntheticFolder {
    private unowned let files: FileSystem

    init(_ files: FileSystem) {
        self.files = files
    }

    func item(named name: Name, for caller: Caller) -> (any SyntheticItem)? {
        let text = name.string
        if text == "ptmx" { return device(0o666, major: 5, minor: 2, .master) }
        guard let number = UInt32(text), text == "\(number)", files.terminals.isOurs(number) else { return nil }
        return device(
            0o620, major: 136 + number >> 8, minor: number & 0xff, .host(path: Array("/dev/pts/\(number)".utf8)))
    }

    private func device(_ mode: UInt32, major: UInt32, minor: UInt32, _ content: SyntheticContent) -> MadeItem {
        MadeItem(device: mode, major: major, minor: minor, content)
    }

    func names(for caller: Caller) -> [(name: Name, type: FileType)] {
        files.terminals.numbers().map { (Name("\($0)"), .characterDevice) } + [(Name("ptmx"), .characterDevice)]
    }
}

/// The pseudo-terminals that were opened inside, by the host's number. The host gives a number again once its master is
/// closed, perhaps to somebody else: then the terminal's file there has another change time.
final class TerminalRegistry {
    private var made: [UInt32: (seconds: Int64, nanoseconds: UInt32)] = [:]

    /// Opens a new terminal's master.
    func openMaster(flags: CInt) throws(Errno) -> CInt {
        let master = try check(ukf_open(AT_FDCWD, "/dev/ptmx", flags | O_NOCTTY, 0))
        register(master)
        return master
    }

    /// Takes note of a terminal, given its master or its number.
    func register(_ master: CInt) {
        let number = ukf_terminal_number(master)
        if number >= 0 { register(number: UInt32(number)) }
    }

    func register(number: UInt32) {
        guard let changed = changeTime(number) else { return }
        made[number] = changed
    }

    func isOurs(_ number: UInt32) -> Bool {
        guard let then = made[number] else { return false }
        guard let now = changeTime(number), now == then else {
            made[number] = nil
            return false
        }
        return true
    }

    func numbers() -> [UInt32] { made.keys.sorted().filter { isOurs($0) } }

    private func changeTime(_ number: UInt32) -> (seconds: Int64, nanoseconds: UInt32)? {
        var stat = ukf_stat()
        guard ukf_stat(AT_FDCWD, "/dev/pts/\(number)", 0, &stat) == 0 else { return nil }
        return (stat.ctime, stat.ctime_ns)
    }
}

extension FileSystem {
    /// Gives a terminal, opened by its master outside of this file system, its name in /dev/pts.
    package func enter(terminal master: CInt) { terminals.register(master) }
}
