import ArgumentParser
import ContainerdAPI
import ContainerdClient
import OCISpec
import RPC

/// `ukctr snapshots`
struct SnapshotsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshots", abstract: "Snapshots: file systems in layers.",
        subcommands: [
            List.self, Tree.self, Info.self, Usage.self, Prepare.self, View.self, Mounts.self, Commit.self,
            Remove.self, Label.self, Unpack.self, Diff.self,
        ],
        aliases: ["snapshot"])

    /// The snapshotter, which ctr takes before the word that follows `snapshots`, and ukctr after it.
    struct Chosen: ParsableArguments {
        @OptionGroup var options: GlobalOptions
        @Option(help: "The snapshotter.") var snapshotter = "overlayfs"

        func snapshots() throws -> SnapshotsClient { try options.client().snapshots(snapshotter) }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ls", abstract: "Lists snapshots.", aliases: ["list"])
        @OptionGroup var chosen: Chosen
        @Argument(help: "Filters in containerd's language.") var filters: [String] = []

        func run() async throws {
            let infos = try await chosen.snapshots().list(filters: filters)
            if chosen.options.isJSON { return try printJSON(infos) }
            var table = Table("KEY", "PARENT", "KIND", gap: 1)
            for info in infos { table.add(info.name, info.parent, info.kind.name) }
            table.print()
        }
    }

    struct Tree: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "tree", abstract: "Shows which snapshot lies on which.")
        @OptionGroup var chosen: Chosen

        func run() async throws {
            let infos = try await chosen.snapshots().list()
            let children = Dictionary(grouping: infos) { $0.parent }
            func show(_ parent: String, depth: Int) {
                for info in (children[parent] ?? []).sorted(by: { $0.name < $1.name }) {
                    print(" " + (depth == 0 ? "" : String(repeating: "  ", count: depth - 1) + "\\_ ") + info.name)
                    show(info.name, depth: depth + 1)
                }
            }
            show("", depth: 0)
        }
    }

    struct Info: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "info", abstract: "Prints all that is known of a snapshot.")
        @OptionGroup var chosen: Chosen
        @Argument(help: "The key.") var key: String

        func run() async throws {
            let info = try await chosen.snapshots().stat(key)
            try printJSON(
                JSONValue.object([
                    "Kind": .string(info.kind.name), "Name": .string(info.name), "Parent": .string(info.parent),
                    "Labels": .object(info.labels.mapValues(JSONValue.string)),
                    "Created": .string(info.createdAt.rfc3339), "Updated": .string(info.updatedAt.rfc3339),
                ]))
        }
    }

    struct Usage: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "usage", abstract: "Tells what snapshots themselves take.")
        @OptionGroup var chosen: Chosen
        @Flag(name: .short, help: "Prints bytes as a number.") var bytes = false
        @Argument(help: "Keys; all without.") var keys: [String] = []

        func run() async throws {
            let snapshots = try chosen.snapshots()
            let chosenKeys = keys.isEmpty ? try await snapshots.list().map(\.name) : keys
            var table = Table("KEY", "SIZE", "INODES", gap: 1)
            for key in chosenKeys {
                let usage = try await snapshots.usage(key)
                table.add(key, bytes ? "\(usage.size)" : byteCount(usage.size), "\(usage.inodes)")
            }
            table.print()
        }
    }

    struct Prepare: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "prepare", abstract: "Makes a writable snapshot.")
        @OptionGroup var chosen: Chosen
        @Option(name: [.short, .long], help: "Prints how to mount it at this folder.") var target: String?
        @Flag(name: .customLong("mounts"), help: "Prints the mounts as JSON.") var showMounts = false
        @Argument(help: "The key.") var key: String
        @Argument(help: "The snapshot that it lies on.") var parent = ""

        func run() async throws {
            let mounts = try await chosen.snapshots().prepare(key, parent: parent, labels: Self.labels)
            if showMounts || chosen.options.isJSON { try printJSON(mounts) }
            if let target { mounts.forEach { print($0.command(at: target)) } }
        }

        /// What a user has made by hand stays until they remove it.
        static let labels = ["containerd.io/gc.root": "ukctr"]
    }

    struct View: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "view", abstract: "Makes a read-only snapshot of a committed one.")
        @OptionGroup var chosen: Chosen
        @Option(name: [.short, .long], help: "Prints how to mount it at this folder.") var target: String?
        @Flag(name: .customLong("mounts"), help: "Prints the mounts as JSON.") var showMounts = false
        @Argument(help: "The key.") var key: String
        @Argument(help: "The snapshot to see.") var parent = ""

        func run() async throws {
            let mounts = try await chosen.snapshots().view(key, parent: parent, labels: Prepare.labels)
            if showMounts || chosen.options.isJSON { try printJSON(mounts) }
            if let target { mounts.forEach { print($0.command(at: target)) } }
        }
    }

    struct Mounts: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "mounts", abstract: "Prints how to mount a snapshot.", aliases: ["m", "mount"])
        @OptionGroup var chosen: Chosen
        @Argument(help: "The folder to mount at.") var target: String
        @Argument(help: "The key.") var key: String

        func run() async throws {
            let mounts = try await chosen.snapshots().mounts(key)
            if chosen.options.isJSON { return try printJSON(mounts) }
            mounts.forEach { print($0.command(at: target)) }
        }
    }

    struct Commit: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "commit", abstract: "Makes a writable snapshot a committed one.")
        @OptionGroup var chosen: Chosen
        @Argument(help: "The committed snapshot's key.") var name: String
        @Argument(help: "The writable snapshot's key.") var key: String

        func run() async throws {
            try await chosen.snapshots().commit(name, key: key, labels: Prepare.labels)
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rm", abstract: "Removes snapshots.", aliases: ["del", "delete", "remove"])
        @OptionGroup var chosen: Chosen
        @Argument(help: "Keys.") var keys: [String]

        func run() async throws {
            let snapshots = try chosen.snapshots()
            for key in keys { try await snapshots.remove(key) }
        }
    }

    struct Label: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "label", abstract: "Sets labels of a snapshot; an empty value removes one.")
        @OptionGroup var chosen: Chosen
        @Argument(help: "The key.") var key: String
        @Argument(help: "NAME=value") var labels: [String]

        func run() async throws {
            print(text(of: try await chosen.snapshots().label(key, Ctr.labels(labels)).labels))
        }
    }

    struct Unpack: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "unpack", abstract: "Makes snapshots of the layers of the images with a digest.")
        @OptionGroup var chosen: Chosen
        @Argument(help: "The digest of a manifest or index.") var digest: String

        func run() async throws {
            let client = try chosen.options.client()
            guard let image = try await client.images.list().first(where: { $0.target.digest == digest }) else {
                throw RPCError.notFound("image with digest \(digest)")
            }
            print("unpacking \(image.name) (\(digest))...", terminator: "")
            _ = try await client.unpack(image.descriptor, snapshotter: chosen.snapshotter)
            print("done")
        }
    }
}

extension SnapshotKind {
    /// As ctr prints it.
    var name: String {
        switch self {
        case .view: "View"
        case .active: "Active"
        case .committed: "Committed"
        default: "Unknown"
        }
    }
}

extension Mount {
    /// The mount(8) command that would mount it.
    func command(at target: String) -> String {
        let list = options.isEmpty ? "" : " -o \(options.joined(separator: ","))"
        return "mount -t \(type) \(source) \(target)\(list)"
    }
}
