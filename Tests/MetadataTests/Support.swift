import ContainerdAPI
import Foundation
import Metadata
import RPC
import TestSupport

/// A store in a folder of a test's own.
final class TestStore {
    private let scratch = ScratchFolder()
    let metadata: MetadataStore
    /// The database's file.
    var path: String { scratch.appending("meta.db").string }
    let scope = Scope(namespace: "test")

    init() throws { metadata = try MetadataStore(path: scratch.appending("meta.db").string) }
}

func digest(_ character: Character) -> String { "sha256:" + String(repeating: character, count: 64) }

func image(_ name: String, _ digest: String) -> Image {
    var image = Image()
    image.name = name
    image.target.digest = digest
    image.target.size = 1
    image.target.mediaType = "application/vnd.oci.image.manifest.v1+json"
    return image
}

func container(_ id: String) -> Container {
    var container = Container()
    container.id = id
    container.runtime.name = "io.containerd.runu.v2"
    container.spec.typeURL = "spec"
    return container
}

func code(_ body: () async throws -> Void) async -> RPCCode? {
    do {
        try await body()
        return nil
    } catch {
        return (error as? RPCError)?.code ?? .unknown
    }
}
