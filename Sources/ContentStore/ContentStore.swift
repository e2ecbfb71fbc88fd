import Archive
import ContainerdAPI
import Crypto
import Glibc
import Host
import Metadata
import RPC
import Synchronization
import SystemPackage

/// Blobs as files by their digest, and writes of blobs that go on where they were interrupted.
///
/// The folder is laid out as containerd's: `blobs/sha256/HEX`, and `ingest/HASH/` with `data`, `ref`, `startedat`, `updatedat`
/// and `total`. Which namespace sees which blob is in the metadata.
public final class ContentStore: Sendable {
    /// The folder of the store.
    public let root: FilePath
    let metadata: MetadataStore
    /// The writes under way, by `NAMESPACE/REF`.
    private let underWay = Mutex<[String: IngestProgress]>([:])

    /// Opens or makes the store at `root`.
    public init(root: FilePath, metadata: MetadataStore) throws {
        self.root = root
        self.metadata = metadata
        for folder in ["blobs/sha256", "ingest"] { try Folders.make(root.appending(folder)) }
    }

    // MARK: Blobs

    /// What is known of a blob.
    ///
    /// - Throws: `RPCError`: invalid argument for what is no digest, not found.
    public func info(_ digest: String, in scope: Scope) async throws -> ContentInfo {
        try Self.validate(digest)
        return try await metadata.content(digest, in: scope)
    }

    /// Opens a blob for reading.
    public func open(_ digest: String, in scope: Scope) async throws -> Blob {
        let info = try await info(digest, in: scope)
        return Blob(descriptor: try openFile(digest), size: info.size)
    }

    /// Hides a blob from the namespace, and removes its file when no other namespace shows it.
    public func delete(_ digest: String, in scope: Scope) async throws {
        try Self.validate(digest)
        try await metadata.deleteContent(digest, in: scope)
        try await removeHidden([digest])
    }

    /// Removes the files of those blobs that no namespace shows.
    public func removeHidden(_ digests: [String]) async throws {
        try await metadata.removeHidden(digests) { [self] digest in
            unlink(path(of: digest).string)
        }
    }

    /// Removes files of blobs without a record (left by a crash between rename and commit), and unfinished writes that were
    /// not touched for a day and are not in `kept` (`NAMESPACE/REF`).
    public func removeLeftovers(kept: Set<String>) async throws {
        let known = try await metadata.allDigests()
        let files = Self.names(root.appending("blobs/sha256")).map { "sha256:\($0)" }
        try await removeHidden(files.filter { !known.contains($0) })
        for folder in Self.names(root.appending("ingest")) {
            let ingest = Ingest(folder: root.appending("ingest").appending(folder))
            guard let name = ingest.name, !kept.contains(name), ingest.secondsSinceUpdate > 24 * 3600 else { continue }
            guard lock(name) != nil else { continue }
            defer { unlock(name) }
            try LayerFolder.remove(ingest.folder)
        }
    }

    /// Shows blobs without a record, which damage to the metadata leaves, to every namespace, and keeps them from being
    /// collected: pulling or importing what they belong to needs no download then.
    ///
    /// - Returns: how many there were.
    public func adoptLeftovers() async throws -> Int {
        let known = try await metadata.allDigests()
        let digests = Self.names(root.appending("blobs/sha256")).map { "sha256:\($0)" }
            .filter { !known.contains($0) && isDigest($0) }
        let namespaces = try await metadata.namespaces().map(\.name)
        let labels = ["containerd.io/gc.root": "found without a record"]
        for digest in digests {
            let file = try openFile(digest)
            let size = try file.closeAfter { try file.seek(offset: 0, from: .end) }
            for namespace in namespaces {
                _ = try await metadata.createContent(
                    digest, size: size, labels: labels, in: Scope(namespace: namespace)
                ) {}
            }
        }
        return digests.count
    }

    // MARK: Writes

    /// Begins or goes on with the write called `ref`, of which there is one at a time.
    ///
    /// - Parameters:
    ///   - total: the size that the blob will have, or 0.
    ///   - expected: the digest that the blob will have, or empty.
    /// - Throws: `RPCError`: already exists when the namespace has the expected blob; unavailable while somebody else
    ///   writes it.
    public func writer(
        _ ref: String, total: Int64, expected: String, in scope: Scope
    ) async throws -> ContentWriter {
        guard !ref.isEmpty else { throw RPCError.invalidArgument("ref must not be empty") }
        if !expected.isEmpty {
            try Self.validate(expected)
            if try await metadata.claimContent(expected, in: scope) {
                throw RPCError.alreadyExists("content \(expected)")
            }
        }
        let name = Self.name(ref, scope)
        guard let progress = lock(name) else { throw RPCError.unavailable("ref \(ref) locked") }
        do {
            try await metadata.claimIngest(ref, in: scope)
            if !expected.isEmpty, let size = try await metadata.contentSize(expected), total == 0 || total == size,
                exists(path(of: expected))
            {
                return ContentWriter(sharing: expected, size: size, ref: ref, store: self, scope: scope)
            }
            let ingest = Ingest(folder: folder(ofIngest: name))
            return try await BlockingWork.run {
                try ContentWriter(
                    ingest: ingest, name: name, ref: ref, total: total, store: self, scope: scope, progress: progress)
            }
        } catch {
            unlock(name)
            throw error
        }
    }

    /// Opens the blob that somebody writes under `ref`, for reading while it grows.
    ///
    /// - Parameter digest: what the blob will have.
    /// - Returns: nil when nobody writes it.
    public func follow(_ ref: String, digest: String, in scope: Scope) throws -> GrowingBlob? {
        let name = Self.name(ref, scope)
        guard let progress = underWay.withLock({ $0[name] }) else { return nil }
        let file = Glibc.open(Ingest(folder: folder(ofIngest: name)).data.string, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        return GrowingBlob(FileDescriptor(rawValue: file), progress: progress, digest: digest)
    }

    /// How far the write called `ref` has got.
    public func status(_ ref: String, in scope: Scope) throws -> IngestStatus {
        guard let status = Ingest(folder: folder(ofIngest: Self.name(ref, scope))).status(ref: ref) else {
            throw RPCError.notFound("reference \(ref)")
        }
        return status
    }

    /// All unfinished writes of the namespace that `filter` matches.
    public func statuses(matching filter: Filter, in scope: Scope) -> [IngestStatus] {
        let prefix = "\(scope.namespace)/"
        return Self.names(root.appending("ingest")).compactMap { folder in
            let ingest = Ingest(folder: root.appending("ingest").appending(folder))
            guard let name = ingest.name, name.hasPrefix(prefix) else { return nil }
            return ingest.status(ref: String(name.dropFirst(prefix.count)))
        }.filter(filter.matches).sorted { $0.ref < $1.ref }
    }

    /// Gives a write up and removes what it wrote.
    public func abort(_ ref: String, in scope: Scope) throws {
        let name = Self.name(ref, scope)
        let folder = folder(ofIngest: name)
        guard exists(folder) else { throw RPCError.notFound("reference \(ref)") }
        guard lock(name) != nil else { throw RPCError.unavailable("ref \(ref) locked") }
        defer { unlock(name) }
        try LayerFolder.remove(folder)
    }

    // MARK: Places

    func path(of digest: String) -> FilePath {
        root.appending("blobs/sha256").appending(String(digest.dropFirst("sha256:".count)))
    }

    func openFile(_ digest: String) throws -> FileDescriptor {
        let path = path(of: digest)
        let file = Glibc.open(path.string, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { throw RPCError.notFound("content \(digest)") }
            throw HostError.last("open", path.string)
        }
        return FileDescriptor(rawValue: file)
    }

    private func folder(ofIngest name: String) -> FilePath {
        let hash = SHA256.hash(data: Array(name.utf8))
        return root.appending("ingest").appending(hash.map { hex($0) }.joined())
    }

    /// nil when somebody else has the reference.
    private func lock(_ name: String) -> IngestProgress? {
        underWay.withLock { all in
            guard all[name] == nil else { return nil }
            let progress = IngestProgress()
            all[name] = progress
            return progress
        }
    }

    func unlock(_ name: String) {
        let progress = underWay.withLock { $0.removeValue(forKey: name) }
        progress?.end(.failure(RPCError.unavailable("\(name): the write was given up")))
    }

    static func name(_ ref: String, _ scope: Scope) -> String { "\(scope.namespace)/\(ref)" }

    static func validate(_ digest: String) throws {
        guard isDigest(digest) else { throw RPCError(.invalidArgument, "\(digest): invalid checksum digest format") }
        guard digest.hasPrefix("sha256:") else {
            throw RPCError(.invalidArgument, "\(digest): unsupported digest algorithm")
        }
    }

    private static func names(_ folder: FilePath) -> [String] {
        ((try? Folders.names(in: folder)) ?? []).filter { !$0.hasPrefix(".") }
    }
}

func hex(_ byte: UInt8) -> String { byte < 16 ? "0" + String(byte, radix: 16) : String(byte, radix: 16) }

func exists(_ path: FilePath) -> Bool { access(path.string, F_OK) == 0 }
