import ArgumentParser
import ContainerdAPI
import ContainerdClient
import OCISpec
import RPC

/// `ukctr containers`
struct ContainersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "containers", abstract: "Containers: what is to run.",
        subcommands: [List.self, Create.self, Info.self, Remove.self, Label.self], aliases: ["container", "c"])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ls", abstract: "Lists containers.", aliases: ["list"])
        @OptionGroup var options: GlobalOptions
        @Flag(name: [.short, .long], help: "Prints ids only.") var quiet = false
        @Argument(help: "Filters in containerd's language.") var filters: [String] = []

        func run() async throws {
            let containers = try await options.client().containers.list(filters: filters)
            if options.isJSON { return try printJSON(containers) }
            if quiet { return containers.forEach { print($0.id) } }
            var table = Table("CONTAINER", "IMAGE", "RUNTIME")
            for container in containers {
                table.add(container.id, container.image.isEmpty ? "-" : container.image, container.runtime.name)
            }
            table.print()
        }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "create", abstract: "Makes a container without starting it.")
        @OptionGroup var options: GlobalOptions
        @OptionGroup var settings: ContainerOptions
        @Argument(help: "The image's name (with --rootfs: a folder), the container's id, and a command.")
        var arguments: [String] = []

        func run() async throws {
            let client = try options.client()
            _ = try await settings.create(client, arguments: arguments, terminal: settings.tty)
        }
    }

    struct Info: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "info", abstract: "Prints all that is known of a container.")
        @OptionGroup var options: GlobalOptions
        @Flag(help: "Prints the specification only.") var spec = false
        @Argument(help: "The container's id.") var id: String

        func run() async throws {
            let container = try await options.client().containers.get(id)
            let spec: JSONValue = (try? JSON.decode(from: [UInt8](container.spec.value))) ?? .null
            if self.spec { return try printJSON(spec) }
            try printJSON(
                JSONValue.object([
                    "ID": .string(container.id),
                    "Labels": .object(container.labels.mapValues(JSONValue.string)),
                    "Image": .string(container.image),
                    "Runtime": .object(["Name": .string(container.runtime.name)]),
                    "SnapshotKey": .string(container.snapshotKey),
                    "Snapshotter": .string(container.snapshotter),
                    "CreatedAt": .string(container.createdAt.rfc3339),
                    "UpdatedAt": .string(container.updatedAt.rfc3339),
                    "Spec": spec,
                ]))
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rm", abstract: "Removes containers that do not run, with their snapshots.",
            aliases: ["del", "delete", "remove"])
        @OptionGroup var options: GlobalOptions
        @Flag(name: .customLong("keep-snapshot"), help: "Leaves the snapshot.") var keepSnapshot = false
        @Argument(help: "Ids.") var ids: [String]

        func run() async throws {
            let client = try options.client()
            var failed = false
            for id in ids {
                do {
                    try await client.removeContainer(id, keepSnapshot: keepSnapshot)
                } catch let error as RPCError {
                    complain("failed to delete container \"\(id)\": \(error.message)")
                    failed = true
                }
            }
            if failed { throw ExitCode(1) }
        }
    }

    struct Label: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "label", abstract: "Sets labels of a container; an empty value removes one.")
        @OptionGroup var options: GlobalOptions
        @Argument(help: "The container's id.") var id: String
        @Argument(help: "NAME=value") var labels: [String]

        func run() async throws {
            let container = try await options.client().containers.label(id, Ctr.labels(labels))
            print(text(of: container.labels))
        }
    }
}

extension ContainerdClient {
    /// Removes a container with its ended task and its snapshot.
    ///
    /// - Throws: `failedPrecondition` while it runs.
    func removeContainer(_ id: String, keepSnapshot: Bool = false) async throws {
        let container = try await containers.get(id)
        do {
            let task = try await tasks.get(id)
            guard task.status == .stopped || task.status == .created else {
                throw RPCError(
                    .failedPrecondition,
                    "cannot delete a non stopped container: \(id) runs; kill its task first: failed precondition")
            }
            try await tasks.delete(id)
        } catch let error as RPCError where error.code == .notFound {
            // No task.
        }
        try await containers.delete(id)
        guard !keepSnapshot, !container.snapshotKey.isEmpty else { return }
        do {
            try await snapshots(container.snapshotter).remove(container.snapshotKey)
        } catch let error as RPCError where error.code == .notFound {
            // Gone already.
        }
    }
}
