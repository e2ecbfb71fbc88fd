import CHost
import SystemPackage

/// A pseudo-terminal pair.
public struct Terminal: Sendable {
    /// The side that a shim or a client reads and writes.
    public var master: FileDescriptor
    /// The side that is a program's terminal.
    public var slave: FileDescriptor
    /// The slave's path on the host, such as `/dev/pts/3`.
    public var name: String

    /// Opens a new pair.
    public static func open() throws -> Terminal {
        var (master, slave) = (CInt(-1), CInt(-1))
        var name = [CChar](repeating: 0, count: 64)
        try HostError.check(ukh_open_pty(&master, &slave, &name, name.count), "open", "pseudo-terminal")
        return Terminal(
            master: FileDescriptor(rawValue: master), slave: FileDescriptor(rawValue: slave),
            name: String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }

    /// Sets the size of the terminal behind `descriptor`, in characters.
    public static func resize(_ descriptor: FileDescriptor, rows: UInt16, columns: UInt16) throws {
        try HostError.check(ukh_set_window(descriptor.rawValue, rows, columns), "resize", "terminal")
    }

    /// The size of the terminal behind `descriptor`, or nil when it is none.
    public static func size(of descriptor: FileDescriptor) -> (rows: UInt16, columns: UInt16)? {
        var (rows, columns) = (UInt16(0), UInt16(0))
        return ukh_get_window(descriptor.rawValue, &rows, &columns) == 0 ? (rows, columns) : nil
    }
}
