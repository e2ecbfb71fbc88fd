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
        return TerminalItem(number, files.terminals)
    }

    private func device(_ mode: UInt32, major: UInt32, minor: UInt32, _ content: SyntheticContent) -> MadeItem {
        MadeItem(device: mode, major: major, minor: minor, content)
    }

    func names(for caller: Caller) -> [(name: Name, type: FileType)] {
        files.terminals.numbers().map { (Name("\($0)"), .characterDevice) } + [(Name("ptmx"), .characterDevice)]
    }
}

/// A terminal's name in /dev/pts. Its owner and mode may change: programs that hand terminals out give them to their users.
final class TerminalItem: SyntheticItem {
    private let number: UInt32
    private let registry: TerminalRegistry
    let content: SyntheticContent

    init(_ number: UInt32, _ registry: TerminalRegistry) {
        self.number = number
        self.registry = registry
        content = .host(path: Array("/dev/pts/\(number)".utf8))
    }

    var attributes: Attributes {
        get {
            var attributes = registry.attributes(of: number)
            attributes.deviceMajor = 136 + number >> 8
            attributes.deviceMinor = number & 0xff
            return attributes
        }
        set { registry.set(newValue, of: number) }
    }
}

/// The pseudo-terminals that were opened inside, by the host's number. The host gives a number again once its master is
/// closed, perhaps to somebody else: then the terminal's file there has another change time.
final class TerminalRegistry {
    private struct Terminal {
        var changed: (seconds: Int64, nanoseconds: UInt32)
        var attributes: Attributes
    }
    private var made: [UInt32: Terminal] = [:]

    /// Opens a new terminal's master for a user, whose it will be.
    func openMaster(flags: CInt, for user: UInt32) throws(Errno) -> CInt {
        let master = try check(ukf_open(AT_FDCWD, "/dev/ptmx", flags | O_NOCTTY, 0))
        register(master, for: user)
        return master
    }

    /// Takes note of a terminal, given its master or its number. Its group is `tty`, as devpts is mounted.
    func register(_ master: CInt, for user: UInt32) {
        let number = ukf_terminal_number(master)
        if number >= 0 { register(number: UInt32(number), for: user) }
    }

    func register(number: UInt32, for user: UInt32) {
        guard let changed = changeTime(number) else { return }
        made[number] = Terminal(
            changed: changed, attributes: Attributes(type: .characterDevice, mode: 0o620, uid: user, gid: 5))
    }

    func attributes(of number: UInt32) -> Attributes {
        made[number]?.attributes ?? Attributes(type: .characterDevice, mode: 0o620)
    }

    func set(_ attributes: Attributes, of number: UInt32) { made[number]?.attributes = attributes }

    func isOurs(_ number: UInt32) -> Bool {
        guard let then = made[number]?.changed else { return false }
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
    package func enter(terminal master: CInt, for user: UInt32) { terminals.register(master, for: user) }
}
