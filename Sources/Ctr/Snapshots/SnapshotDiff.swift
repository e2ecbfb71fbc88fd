import Archive
import ArgumentParser
import ContainerdAPI
import ContainerdClient
import OCISpec

extension SnapshotsCommand {
    /// `ukctr snapshots diff`
    struct Diff: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "diff",
            abstract: "Writes what changed from one snapshot to another as a layer, to standard output.",
            discussion: "With one key: from its parent to it.")
        @OptionGroup var chosen: Chosen
        @Option(name: .customLong("media-type"), help: "The layer's form.") var mediaType = MediaType.ociLayerGzip
        @Option(help: "Names the attempt.") var ref = ""
        @Flag(help: "Leaves the layer in the content store.") var keep = false
        @Option(help: "NAME=value, labels of the layer.") var label: [String] = []
        @Argument(help: "The key.") var key: String
        @Argument(help: "The key to compare with.") var other: String?

        func run() async throws {
            let snapshots = try chosen.snapshots()
            try await chosen.options.client().withLease { client in
                let leased = client.snapshots(snapshots.snapshotter)
                let (from, to) =
                    if let other { (key, other) } else { (try await leased.stat(key).parent, key) }
                let layer = try await withMounts(of: from, leased) { left in
                    try await withMounts(of: to, leased) { right in
                        try await client.diff.diff(
                            from: left, to: right, mediaType: mediaType, reference: ref, labels: labels(label))
                    }
                }
                if keep { try await client.content.label(layer.digest, Prepare.labels) }
                for try await piece in try client.content.stream(layer.digest) { Output.write([UInt8](piece.data)) }
            }
        }

        /// The mounts of a snapshot, by a view of it where it is committed; of nothing for an empty key.
        private func withMounts<R>(
            of key: String, _ snapshots: SnapshotsClient, _ body: ([Mount]) async throws -> R
        ) async throws -> R {
            if !key.isEmpty, try await snapshots.stat(key).kind == .active {
                return try await body(try await snapshots.mounts(key))
            }
            let view = "diff-\(UInt64.random(in: 0 ... .max))"
            let mounts = try await snapshots.view(view, parent: key)
            do {
                let result = try await body(mounts)
                try await snapshots.remove(view)
                return result
            } catch {
                try? await snapshots.remove(view)
                throw error
            }
        }
    }
}
