import AsyncHTTPClient
import ContainerdClient
import NIOCore
import NIOHTTP1
import OCISpec
import RPC

/// A repository of a registry: OCI distribution specification 1.1, reached through the mirrors of its `hosts.toml`.
///
/// Every call throws `RPCError`: `notFound`, `unauthenticated`, `permissionDenied`, `unavailable` when no server can be
/// reached, `dataLoss` when what came is not what was asked for.
public struct Repository: Sendable {
    /// The image's name.
    public let reference: ImageReference
    private let endpoints: [Endpoint]

    /// The largest manifest that is read (the specification asks registries to take 4 MiB).
    package static let manifestLimit = 8 << 20

    /// The repository of `reference`. Nothing is connected yet.
    public init(_ reference: ImageReference, settings: RegistrySettings) throws {
        self.reference = reference
        endpoints = try settings.hosts(of: reference.domain).map {
            Endpoint(host: $0, credentials: settings.credentials)
        }
    }

    /// The registry itself can be reached and lets the caller in.
    public static func login(_ domain: String, settings: RegistrySettings) async throws {
        guard let host = try settings.hosts(of: domain).last else { return }
        try await Endpoint(host: host, credentials: settings.credentials).ping()
    }

    // MARK: Pulling

    private static let accepted = [
        MediaType.ociIndex, MediaType.dockerManifestList, MediaType.ociManifest, MediaType.dockerManifest, "*/*",
    ].joined(separator: ", ")

    /// What the name's tag or digest means: descriptor and document.
    public func resolve() async throws -> (descriptor: Descriptor, document: [UInt8]) {
        guard let name = reference.digest ?? reference.tag else {
            throw RPCError(.invalidArgument, "\(reference): neither tag nor digest")
        }
        do {
            return try await any(of: [.resolve, .pull]) { endpoint in
                try await manifest(name, from: endpoint, accept: Self.accepted)
            }
        } catch let error as RPCError where error.code == .notFound {
            throw RPCError(.notFound, "manifest for \(reference.familiar) not found: \(error.message)")
        }
    }

    /// The document of an index or manifest.
    func document(_ descriptor: Descriptor) async throws -> [UInt8] {
        try await any(of: [.pull]) { endpoint in
            try await manifest(descriptor.digest, from: endpoint, accept: "\(descriptor.mediaType), */*").document
        }
    }

    private func manifest(
        _ name: String, from endpoint: Endpoint, accept: String
    ) async throws -> (descriptor: Descriptor, document: [UInt8]) {
        let url = try await endpoint.url("/\(reference.path)/manifests/\(name)" + namespaceQuery(endpoint))
        let response = try await endpoint.send(.GET, url, headers: ["Accept": accept], scopes: [scope("pull")])
        guard response.status == .ok else { throw await Endpoint.error(response, url) }
        let document = try await Self.collect(response.body, upTo: Self.manifestLimit, url)
        let digest = sha256(document)
        let told = response.headers.first(name: "Docker-Content-Digest")
        for expected in [name, told ?? ""] where ImageReference.isDigest(expected) && expected != digest {
            throw RPCError(.dataLoss, "\(url): the manifest has digest \(digest), expected \(expected)")
        }
        struct Typed: Decodable { var mediaType: String? }
        let header = response.headers.first(name: "Content-Type")?.prefix { $0 != ";" }
        let typed = (try? JSON.decode(Typed.self, from: document))?.mediaType
        let mediaType = typed ?? header.map(String.init) ?? MediaType.ociManifest
        guard MediaType.isIndex(mediaType) || MediaType.isManifest(mediaType) else {
            throw RPCError(
                .unimplemented,
                "\(reference.familiar): manifests of type \(mediaType) are not supported: only OCI's and docker's schema 2"
            )
        }
        return (Descriptor(mediaType: mediaType, digest: digest, size: Int64(document.count)), document)
    }

    /// All tags of the repository, page by page (distribution specification, "Listing Tags").
    public func tags() async throws -> [String] {
        struct Page: Decodable { var tags: [String]? }
        return try await any(of: [.resolve, .pull]) { endpoint in
            var tags: [String] = []
            var next: String? = try await endpoint.url("/\(reference.path)/tags/list" + namespaceQuery(endpoint))
            while let url = next {
                let response = try await endpoint.send(.GET, url, scopes: [scope("pull")])
                guard response.status == .ok else { throw await Endpoint.error(response, url) }
                let body = try await Self.collect(response.body, upTo: Self.manifestLimit, url)
                tags += (try? JSON.decode(Page.self, from: body))?.tags ?? []
                guard tags.count <= Self.tagLimit else {
                    throw RPCError(.resourceExhausted, "\(url): more than \(Self.tagLimit) tags")
                }
                // `Link: </v2/NAME/tags/list?last=...>; rel="next"` (RFC 8288)
                let link = response.headers.first(name: "Link")?.split(separator: ">").first ?? ""
                next = link.hasPrefix("<") ? try await endpoint.url(location: String(link.dropFirst()), to: url) : nil
                if next == url { next = nil }
            }
            return tags
        }
    }

    private static let tagLimit = 100_000

    /// The platforms that an index lists, or that a manifest's configuration names.
    public func platforms(of target: Descriptor, _ document: [UInt8]) async throws -> [Platform] {
        do {
            if MediaType.isIndex(target.mediaType) {
                return try JSON.decode(ImageIndex.self, from: document).manifests.compactMap(\.platform)
            }
            let config = try JSON.decode(ImageManifest.self, from: document).config
            guard config.size <= Self.manifestLimit else {
                throw RPCError(
                    .resourceExhausted, "\(config.digest): a configuration of \(config.size) bytes is not read")
            }
            let (body, _, url) = try await blob(config, from: 0)
            let bytes = try await Self.collect(body, upTo: Self.manifestLimit, url)
            guard sha256(bytes) == config.digest else {
                throw RPCError(
                    .dataLoss, "\(url): the configuration has digest \(sha256(bytes)), expected \(config.digest)")
            }
            return [try JSON.decode(ImageConfiguration.self, from: bytes).platform]
        } catch let error as JSONError {
            throw RPCError(.dataLoss, "\(reference.familiar): \(error)")
        }
    }

    private static func collect(_ body: HTTPClientResponse.Body, upTo limit: Int, _ url: String) async throws -> [UInt8]
    {
        do {
            return Array(try await body.collect(upTo: limit).readableBytesView)
        } catch is NIOTooManyBytesError {
            throw RPCError(.resourceExhausted, "\(url): an answer of more than \(limit) bytes is not read")
        } catch {
            throw HTTPTransport.describe(error, url)
        }
    }

    /// A blob's bytes from `offset` on, as far as the server's answer goes, and where they begin: a server may not know
    /// ranges.
    func blob(
        _ descriptor: Descriptor, from offset: Int64
    ) async throws -> (body: HTTPClientResponse.Body, start: Int64, url: String) {
        try await any(of: [.pull]) { endpoint in
            let url = try await endpoint.url("/\(reference.path)/blobs/\(descriptor.digest)" + namespaceQuery(endpoint))
            var headers: HTTPHeaders = ["Accept": "application/octet-stream, */*"]
            if offset > 0 { headers.add(name: "Range", value: "bytes=\(offset)-") }
            let response = try await endpoint.send(.GET, url, headers: headers, scopes: [scope("pull")])
            switch response.status.code {
            case 200: return (response.body, 0, url)
            case 206:
                let range = response.headers.first(name: "Content-Range") ?? ""
                let start = range.split(separator: " ").last?.split(separator: "-").first.flatMap { Int64($0) }
                guard start == offset else {
                    throw RPCError(.dataLoss, "\(url): asked for bytes from \(offset) on, got \(range)")
                }
                return (response.body, offset, url)
            default: throw await Endpoint.error(response, url)
            }
        }
    }

    // MARK: Pushing

    /// Whether the registry has a blob.
    func exists(blob digest: String, mounting: [String]) async throws -> Bool {
        try await registry { endpoint in
            let url = try await endpoint.url("/\(reference.path)/blobs/\(digest)")
            let response = try await endpoint.send(.HEAD, url, scopes: pushScopes(mounting))
            switch response.status.code {
            case 200: return true
            case 404: return false
            default: throw await Endpoint.error(response, url)
            }
        }
    }

    /// Begins an upload, unless the registry takes the blob over from the repository `from`.
    ///
    /// - Returns: where to send the blob; nil when it is there.
    func beginUpload(_ digest: String, mounting from: String?, sources: [String]) async throws -> String? {
        try await registry { endpoint in
            var path = "/\(reference.path)/blobs/uploads/"
            if let from { path += "?" + Query.form([("mount", digest), ("from", from)]) }
            let url = try await endpoint.url(path)
            let response = try await endpoint.send(
                .POST, url, headers: ["Content-Length": "0"], scopes: pushScopes(sources))
            switch response.status.code {
            case 201: return nil
            case 202: return try await location(response, endpoint, url)
            default: throw await Endpoint.error(response, url)
            }
        }
    }

    /// Sends a piece of an upload; `last` completes it with the blob's digest.
    ///
    /// - Returns: where to send the next.
    func upload(
        _ location: String, range: Range<Int64>, last digest: String?, sources: [String],
        body: @escaping @Sendable () -> HTTPClientRequest.Body
    ) async throws -> String {
        try await registry { endpoint in
            var url = location
            var headers: HTTPHeaders = ["Content-Type": "application/octet-stream"]
            if let digest {
                url += (location.contains("?") ? "&" : "?") + Query.form([("digest", digest)])
            } else {
                headers.add(name: "Content-Range", value: "\(range.lowerBound)-\(range.upperBound - 1)")
            }
            let response = try await endpoint.send(
                digest == nil ? .PATCH : .PUT, url, headers: headers, scopes: pushScopes(sources), body: body)
            guard response.status.code == (digest == nil ? 202 : 201) else {
                throw await Endpoint.error(response, url)
            }
            return digest == nil ? try await self.location(response, endpoint, url) : url
        }
    }

    /// How many bytes of an upload the registry has, and where to send the rest.
    func uploadStatus(_ location: String, sources: [String]) async throws -> (offset: Int64, location: String) {
        try await registry { endpoint in
            let response = try await endpoint.send(.GET, location, scopes: pushScopes(sources))
            guard response.status.code == 204 else { throw await Endpoint.error(response, location) }
            // `0-N`: the last byte counts; nothing yet is `0-0`, or `0--1` with some.
            let end = response.headers.first(name: "Range")?.split(separator: "-").last.flatMap { Int64($0) } ?? 0
            return (end > 0 ? end + 1 : 0, try await self.location(response, endpoint, location))
        }
    }

    /// Stores a manifest under a tag or its digest.
    func put(manifest document: [UInt8], mediaType: String, name: String) async throws {
        try await registry { endpoint in
            let url = try await endpoint.url("/\(reference.path)/manifests/\(name)")
            let response = try await endpoint.send(
                .PUT, url, headers: ["Content-Type": mediaType], scopes: pushScopes([])
            ) { .bytes(ByteBuffer(bytes: document)) }
            guard [200, 201, 202].contains(response.status.code) else { throw await Endpoint.error(response, url) }
            let digest = sha256(document)
            if let told = response.headers.first(name: "Docker-Content-Digest"), told != digest {
                throw RPCError(.dataLoss, "\(url): the registry stored \(told), sent was \(digest)")
            }
        }
    }

    private func location(_ response: HTTPClientResponse, _ endpoint: Endpoint, _ url: String) async throws -> String {
        guard let location = response.headers.first(name: "Location") else {
            throw RPCError(.unknown, "\(url): the answer names no Location")
        }
        return try await endpoint.url(location: location, to: url)
    }

    // MARK: Servers

    private func scope(_ actions: String) -> String { "repository:\(reference.path):\(actions)" }

    private func pushScopes(_ sources: [String]) -> [String] {
        [scope("pull,push")] + sources.map { "repository:\($0):pull" }
    }

    /// Tells a mirror of several registries which one is meant.
    private func namespaceQuery(_ endpoint: Endpoint) -> String {
        let own = RegistryHost.standard(reference.domain, plainHTTP: false).authority
        return endpoint.host.authority == own ? "" : "?" + Query.form([("ns", reference.domain)])
    }

    /// Asks one server after the other.
    private func any<T: Sendable>(
        of capabilities: Set<RegistryHost.Capability>, _ body: (Endpoint) async throws -> T
    ) async throws -> T {
        var failure: (any Error)?
        for endpoint in endpoints where endpoint.host.capabilities.isSuperset(of: capabilities) {
            do {
                return try await body(endpoint)
            } catch let error as RPCError {
                failure = error
            }
        }
        throw failure
            ?? RPCError(.failedPrecondition, "hosts.toml names no server that pulls from \(reference.domain)")
    }

    /// The one server that is written to.
    private func registry<T: Sendable>(_ body: (Endpoint) async throws -> T) async throws -> T {
        guard let endpoint = endpoints.last(where: { $0.host.capabilities.contains(.push) }) else {
            throw RPCError(.failedPrecondition, "hosts.toml names no server that takes images of \(reference.domain)")
        }
        return try await body(endpoint)
    }
}
