import CFiles
import Glibc
import SystemPackage

/// Opens devices by number.
package protocol DeviceOpener: AnyObject {
    /// - Throws: `ENXIO` for a device that the container does not have.
    func open(_ type: FileType, major: UInt32, minor: UInt32, flags: CInt, caller: Caller) throws(Errno) -> CInt
}

/// The harmless devices that every container has, which are the host's own.
package final class HostDevices: DeviceOpener {
    /// Path of the container's console on the host: the slave of its first process's terminal.
    package var console: String?

    package init() {}

    package func open(
        _ type: FileType, major: UInt32, minor: UInt32, flags: CInt, caller: Caller
    ) throws(Errno) -> CInt {
        guard type == .characterDevice else { throw .noSuchAddressOrDevice }
        let path: String
        switch (major, minor) {
        case (1, 3): path = "/dev/null"
        case (1, 5): path = "/dev/zero"
        case (1, 7): path = "/dev/full"
        case (1, 8): path = "/dev/random"
        case (1, 9): path = "/dev/urandom"
        case (5, 0): path = try terminal(of: caller.hostProcess)
        case (5, 1):
            guard let console else { throw .noSuchAddressOrDevice }
            path = console
        case (5, 2): path = "/dev/ptmx"
        default: throw .noSuchAddressOrDevice
        }
        return try check(ukf_open(AT_FDCWD, path, flags | O_NOCTTY, 0))
    }

    /// The host's path of a process's controlling terminal (proc_pid_stat(5), field 7).
    private func terminal(of process: Int32) throws(Errno) -> String {
        guard let stat = readHostFile("/proc/\(process)/stat"), let end = stat.lastIndex(of: UInt8(ascii: ")")) else {
            throw .noSuchAddressOrDevice
        }
        let fields = stat[(end + 1)...].split(separator: UInt8(ascii: " "))
        guard fields.count > 4, let number = UInt32(String(decoding: fields[4], as: UTF8.self)), number != 0 else {
            throw .noSuchAddressOrDevice
        }
        let major = (number >> 8) & 0xfff
        let minor = (number & 0xff) | (number >> 12 & 0xfff00)
        guard (136..<144).contains(major) else { throw .noSuchAddressOrDevice }
        return "/dev/pts/\((major - 136) << 8 | minor)"
    }
}

/// All of a small file of the host, such as those of /proc; nil when it cannot be read.
func readHostFile(_ path: String) -> [UInt8]? {
    let descriptor = ukf_open(AT_FDCWD, path, O_RDONLY, 0)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    return readAll(descriptor)
}

/// Everything from a descriptor's present offset on.
func readAll(_ descriptor: CInt) -> [UInt8]? {
    var bytes: [UInt8] = []
    while true {
        var count = 0
        let room = max(4096, bytes.count)
        let chunk = [UInt8](unsafeUninitializedCapacity: room) { buffer, size in
            repeat { count = read(descriptor, buffer.baseAddress, room) } while count < 0 && errno == EINTR
            size = max(count, 0)
        }
        if count < 0 { return nil }
        if count == 0 { return bytes }
        bytes += chunk
    }
}
