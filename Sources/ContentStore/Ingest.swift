import ContainerdAPI
import Glibc
import Host
import Metadata
import SwiftProtobuf
import SystemPackage

/// The folder of an unfinished write.
struct Ingest: Sendable {
    let folder: FilePath

    var data: FilePath { folder.appending("data") }

    /// `NAMESPACE/REF`, or nil when the folder is not whole.
    var name: String? { readSmallFile(folder.appending("ref").string) }

    var total: Int64 { readSmallFile(folder.appending("total").string).flatMap { Int64($0) } ?? 0 }

    var secondsSinceUpdate: Int {
        var status = stat()
        guard stat(data.string, &status) == 0 else { return .max }
        return time(nil) - status.st_mtim.tv_sec
    }

    func status(ref: String) -> IngestStatus? {
        var file = stat()
        guard stat(data.string, &file) == 0, name != nil else { return nil }
        var status = IngestStatus()
        status.ref = ref
        status.offset = Int64(file.st_size)
        status.total = total
        if let text = readSmallFile(folder.appending("startedat").string),
            let time = Google_Protobuf_Timestamp(rfc3339: text)
        {
            status.startedAt = time
        }
        status.updatedAt.seconds = Int64(file.st_mtim.tv_sec)
        status.updatedAt.nanos = Int32(file.st_mtim.tv_nsec)
        return status
    }

    /// Makes the folder's small files where they are missing.
    func prepare(name: String, total: Int64) throws {
        try Folders.make(folder)
        if readSmallFile(folder.appending("startedat").string) == nil { try put("startedat", Self.now()) }
        if total > 0 { try put("total", String(total)) }
        // The reference comes last: a folder without one is not whole.
        if self.name != name { try put("ref", name) }
    }

    func touch() throws { try put("updatedat", Self.now()) }

    private func put(_ name: String, _ text: String) throws {
        let path = folder.appending(name)
        let temporary = folder.appending(".\(name)")
        try HostError.naming("write", temporary) {
            let file = try FileDescriptor.open(
                temporary, .writeOnly, options: [.create, .truncate, .closeOnExec], permissions: .ownerReadWrite)
            try file.closeAfter { _ = try file.writeAll(Array(text.utf8)) }
        }
        guard rename(temporary.string, path.string) == 0 else { throw HostError.last("rename", path.string) }
    }

    private static func now() -> String {
        let text = (try? Google_Protobuf_Timestamp.now.jsonString()) ?? ""
        return text.trimmingPrefix("\"").split(separator: "\"").first.map(String.init) ?? ""
    }
}
