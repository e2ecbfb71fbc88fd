// Unsafe pointers: writing to a descriptor.
import Glibc
import Host

/// Puts `contents` where `path` says: whoever looks sees all of it or what was there before.
///
/// - Throws: `HostError`.
func writeFile(_ path: String, _ contents: some Collection<UInt8>) throws {
    let temporary = path + ".new"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw HostError.last("create", temporary) }
    defer { close(descriptor) }
    let bytes = Array(contents)
    var written = 0
    while written < bytes.count {
        let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress! + written, $0.count - written) }
        if count < 0, errno == EINTR { continue }
        guard count > 0 else {
            let error = HostError.last("write", temporary)
            unlink(temporary)
            throw error
        }
        written += count
    }
    guard rename(temporary, path) == 0 else { throw HostError.last("rename to", path) }
}

/// The contents of a file of at most `limit` bytes from the start; nil when it cannot be read.
func readFile(_ path: String, limit: Int = 1 << 20) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    return readAll(descriptor, limit: limit)
}

/// What a descriptor gives until its end, at most `limit` bytes.
func readAll(_ descriptor: CInt, limit: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    var room = [UInt8](repeating: 0, count: 4096)
    while bytes.count < limit {
        let count = read(descriptor, &room, room.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { break }
        bytes.append(contentsOf: room[..<count])
    }
    return bytes
}
