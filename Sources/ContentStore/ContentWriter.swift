// Unsafe pointers: handing bytes to write and to the digest.
import Archive
import ContainerdAPI
import Crypto
import Foundation
import Glibc
import Host
import Metadata
import RPC
import SystemPackage

/// One write of a blob. It holds the write's reference until it is closed.
public actor ContentWriter {
    private enum Target {
        case file(Ingest, FileDescriptor)
        /// Another namespace has the blob already: nothing is written, and committing makes it visible here.
        case shared(String)
    }

    /// Bytes that the disk is given to write at once.
    private static let portion: Int64 = 8 << 20

    /// The name of the write.
    public nonisolated let ref: String
    private let name: String
    private let store: ContentStore
    private let scope: Scope
    private var target: Target?
    private var hasher = SHA256()
    private var offset: Int64
    /// Where that begins which the disk has not been given to write.
    private var unwritten: Int64
    private var total: Int64
    private let startedAt: IngestStatus
    private let progress: IngestProgress?

    init(
        ingest: Ingest, name: String, ref: String, total: Int64, store: ContentStore, scope: Scope,
        progress: IngestProgress
    ) throws {
        self.ref = ref
        self.name = name
        self.store = store
        self.scope = scope
        try ingest.prepare(name: name, total: total)
        let file = try HostError.naming("open", ingest.data) {
            try FileDescriptor.open(
                ingest.data, .readWrite, options: [.create, .closeOnExec], permissions: .ownerReadWrite)
        }
        // What an earlier write left counts into the digest.
        var hasher = SHA256()
        var offset: Int64 = 0
        do {
            try withUnsafeTemporaryAllocation(byteCount: 128 * 1024, alignment: 16) { buffer in
                while true {
                    let count = try file.read(into: buffer)
                    if count == 0 { break }
                    hasher.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                    offset += Int64(count)
                }
            }
        } catch {
            try? file.close()
            throw error
        }
        self.hasher = hasher
        self.offset = offset
        unwritten = offset
        self.total = total > 0 ? total : ingest.total
        startedAt = ingest.status(ref: ref) ?? IngestStatus()
        target = .file(ingest, file)
        self.progress = progress
        progress.advance(to: offset)
    }

    init(sharing digest: String, size: Int64, ref: String, store: ContentStore, scope: Scope) {
        self.ref = ref
        name = ContentStore.name(ref, scope)
        self.store = store
        self.scope = scope
        target = .shared(digest)
        offset = size
        unwritten = size
        total = size
        var status = IngestStatus()
        status.startedAt = .now
        status.updatedAt = status.startedAt
        startedAt = status
        progress = nil
    }

    deinit {
        guard let target else { return }
        if case .file(_, let file) = target { try? file.close() }
        store.unlock(name)
    }

    /// Whether the write has neither ended nor been let go.
    public var isOpen: Bool { target != nil }

    /// How far the write has got.
    public func status() -> IngestStatus {
        var status = startedAt
        status.ref = ref
        status.offset = offset
        status.total = total
        status.updatedAt = .now
        return status
    }

    /// The digest of what was written until now.
    public func digest() -> String {
        if case .shared(let digest) = target { return digest }
        return "sha256:" + hasher.finalize().map { hex($0) }.joined()
    }

    /// Says how large the blob will be.
    public func expect(total: Int64) { self.total = total }

    /// Throws away what was written.
    public func truncate() throws {
        guard case .file(let ingest, let file) = target else {
            throw RPCError.unimplemented("truncate of a shared blob")
        }
        progress?.end(.failure(RPCError.unavailable("\(name): the write was begun anew")))
        try HostError.naming("truncate", ingest.data) {
            try file.resize(to: 0)
            try file.seek(offset: 0, from: .start)
        }
        hasher = SHA256()
        (offset, unwritten) = (0, 0)
    }

    /// Appends `bytes`.
    ///
    /// - Throws: `RPCError`: failed precondition after the end; `HostError` when the disk is full, for one.
    public func write(_ bytes: some ContiguousBytes & Sendable) throws {
        try bytes.withUnsafeBytes { try write($0) }
    }

    private func write(_ bytes: UnsafeRawBufferPointer) throws {
        guard case .file(let ingest, let file) = target else {
            throw RPCError.failedPrecondition("cannot write on closed or shared writer")
        }
        try HostError.naming("write", ingest.data) {
            var rest = bytes
            while rest.count > 0 {
                let count = try file.write(rest)
                hasher.update(bufferPointer: UnsafeRawBufferPointer(rebasing: rest[..<count]))
                offset += Int64(count)
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            }
        }
        progress?.advance(to: offset)
        // The disk writes beside, so that at the end there is little to wait for.
        if offset - unwritten >= Self.portion {
            file.beginWriting(from: unwritten, count: offset - unwritten)
            unwritten = offset
        }
    }

    /// Ends the write: the blob is on disk under its digest and visible in the namespace.
    ///
    /// - Parameters:
    ///   - size: the size that it has to have, or 0.
    ///   - expected: the digest that it has to have, or empty.
    /// - Throws: `RPCError`: failed precondition for another size or digest; already exists. The writer is closed in any
    ///   case.
    public func commit(size: Int64, expected: String, labels: [String: String]) async throws -> ContentInfo {
        guard let target else { throw RPCError.failedPrecondition("cannot commit on closed writer") }
        let (digest, written, store) = (digest(), offset, store)
        defer { close() }
        guard size <= 0 || size == written else {
            throw RPCError.failedPrecondition("unexpected commit size \(written), expected \(size)")
        }
        guard expected.isEmpty || expected == digest else {
            throw RPCError.failedPrecondition("unexpected commit digest \(digest), expected \(expected)")
        }
        let place = store.path(of: digest)
        switch target {
        case .shared:
            return try await store.metadata.createContent(digest, size: written, labels: labels, in: scope) {
                guard exists(place) else { throw RPCError.notFound("content \(digest)") }
            }
        case .file(let ingest, let file):
            try await BlockingWork.run {
                guard fsync(file.rawValue) == 0 else { throw HostError.last("sync", ingest.data.string) }
                fchmod(file.rawValue, 0o444)
            }
            do {
                let info = try await store.metadata.createContent(digest, size: written, labels: labels, in: scope) {
                    if exists(place) { return }
                    guard rename(ingest.data.string, place.string) == 0 else {
                        throw HostError.last("rename", place.string)
                    }
                    let folder = try FileDescriptor.open(place.removingLastComponent(), .readOnly, options: .directory)
                    defer { try? folder.close() }
                    guard fsync(folder.rawValue) == 0 else { throw HostError.last("sync", place.string) }
                }
                progress?.end(.success(digest))
                try? LayerFolder.remove(ingest.folder)
                return info
            } catch let error as RPCError where error.code == .alreadyExists {
                progress?.end(.success(digest))
                try? LayerFolder.remove(ingest.folder)
                throw error
            }
        }
    }

    /// Lets go of the reference; what was written stays for the next writer.
    public func close() {
        guard let target else { return }
        if case .file(let ingest, let file) = target {
            try? file.close()
            if exists(ingest.folder) { try? ingest.touch() }
        }
        self.target = nil
        store.unlock(name)
    }
}
