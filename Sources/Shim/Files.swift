import Host
import SystemPackage

/// The contents of a file of at most `limit` bytes from the start; nil when it cannot be read.
func readFile(_ path: String, limit: Int = 1 << 20) -> [UInt8]? {
    guard let file = try? FileDescriptor.open(path, .readOnly, options: .closeOnExec) else { return nil }
    return try? file.closeAfter { try file.readAll(limit: limit) }
}
