import ArgumentParser
import ContainerdClient

/// `ukctr content prune`
struct PruneContent: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune", abstract: "Lets blobs go.", subcommands: [References.self])

    /// Layers are not needed any more once they are unpacked; snapshots keep what they are made of.
    struct References: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "references", abstract: "Takes the labels away by which manifests keep their layers.")
        @OptionGroup var options: GlobalOptions
        @Flag(help: "Does not wait until what is no longer needed has been collected.") var async = false
        @Flag(help: "Says what would be done.") var dry = false

        private static let prefix = "containerd.io/gc.ref.content."

        /// `l.N`, and in old stores `N`.
        private static func isLayer(_ label: String) -> Bool {
            guard label.hasPrefix(prefix) else { return false }
            let rest = label.dropFirst(prefix.count)
            return rest.hasPrefix("l.") || Int(rest) != nil
        }

        func run() async throws {
            let client = try options.client()
            for info in try await client.content.list() {
                let labels = info.labels.keys.filter { Self.isLayer($0) }.sorted()
                guard !labels.isEmpty else { continue }
                if dry || options.isDebug {
                    for label in labels { complain("removing label \(label) of \(info.digest)") }
                }
                if dry { continue }
                try await client.content.label(
                    info.digest, Dictionary(uniqueKeysWithValues: labels.map { ($0, "") }))
            }
            if dry || async { return }
            // Its end begins a collection, and is answered after it.
            let lease = try await client.leases.create()
            try await client.leases.delete(lease.id, sync: true)
        }
    }
}
