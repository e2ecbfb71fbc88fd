import ArgumentParser
import ContainerdAPI
import ContainerdClient
import Host
import RPC
import SwiftProtobuf

/// `ukctr namespaces`
struct NamespacesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "namespaces", abstract: "Namespaces: each has containers, images and content of its own.",
        subcommands: [List.self, Create.self, Remove.self, Label.self], aliases: ["namespace", "ns"])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ls", abstract: "Lists namespaces.", aliases: ["list"])
        @OptionGroup var options: GlobalOptions
        @Flag(name: [.short, .long], help: "Prints names only.") var quiet = false

        func run() async throws {
            let namespaces = try await options.client().namespaces.list()
            if options.isJSON { return try printJSON(namespaces) }
            if quiet { return namespaces.forEach { print($0.name) } }
            var table = Table("NAME", "LABELS", gap: 1)
            for namespace in namespaces {
                table.add(namespace.name, namespace.labels.isEmpty ? "" : text(of: namespace.labels))
            }
            table.print()
        }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "create", abstract: "Makes a namespace.", aliases: ["c"])
        @OptionGroup var options: GlobalOptions
        @Argument(help: "Its name.") var name: String
        @Argument(help: "NAME=value") var labels: [String] = []

        func run() async throws {
            try await options.client().namespaces.create(name, labels: Ctr.labels(labels))
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rm", abstract: "Removes empty namespaces.", aliases: ["remove"])
        @OptionGroup var options: GlobalOptions
        @Argument(help: "Names.") var names: [String]

        func run() async throws {
            let client = try options.client()
            for name in names {
                try await client.namespaces.delete(name)
                print(name)
            }
        }
    }

    struct Label: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "label", abstract: "Sets labels of a namespace; an empty value removes one.")
        @OptionGroup var options: GlobalOptions
        @Argument(help: "Its name.") var name: String
        @Argument(help: "NAME=value") var labels: [String]

        func run() async throws {
            try await options.client().namespaces.label(name, Ctr.labels(labels))
        }
    }
}

/// `ukctr leases`
struct LeasesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "leases", abstract: "Leases: what keeps resources from being collected.",
        subcommands: [List.self, Create.self, Remove.self, Resources.self], aliases: ["lease"])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ls", abstract: "Lists leases.", aliases: ["list"])
        @OptionGroup var options: GlobalOptions
        @Flag(name: [.short, .long], help: "Prints ids only.") var quiet = false
        @Argument(help: "Filters in containerd's language.") var filters: [String] = []

        func run() async throws {
            let leases = try await options.client().leases.list(filters: filters)
            if options.isJSON { return try printJSON(leases) }
            if quiet { return leases.forEach { print($0.id) } }
            var table = Table("ID", "CREATED AT", "LABELS", gap: 1)
            for lease in leases { table.add(lease.id, lease.createdAt.rfc3339, text(of: lease.labels)) }
            table.print()
        }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "create", abstract: "Makes a lease.")
        @OptionGroup var options: GlobalOptions
        @Option(help: "Its id; found without.") var id: String?
        @Option(name: [.customShort("x"), .long], help: "When it ends by itself, such as 24h; 0 is never.")
        var expires: CommandDuration?
        @Argument(help: "NAME=value") var labels: [String] = []

        func run() async throws {
            let expiry = expires?.duration ?? .seconds(24 * 3600)
            let lease = try await options.client().leases.create(
                id: id, expiry: expiry == .zero ? nil : expiry, labels: Ctr.labels(labels))
            print(lease.id)
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rm", abstract: "Removes leases.", aliases: ["del", "delete", "remove"])
        @OptionGroup var options: GlobalOptions
        @Flag(help: "Waits until what is no longer needed has been collected.") var sync = false
        @Argument(help: "Ids.") var ids: [String]

        func run() async throws {
            let client = try options.client()
            for (number, id) in ids.enumerated() {
                try await client.leases.delete(id, sync: sync && number == ids.count - 1)
                print(id)
            }
        }
    }

    struct Resources: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "resources", abstract: "Lists what a lease keeps.")
        @OptionGroup var options: GlobalOptions
        @Argument(help: "Its id.") var id: String

        func run() async throws {
            let resources = try await options.client().leases.resources(id)
            if options.isJSON { return try printJSON(resources) }
            var table = Table("TYPE", "ID")
            for resource in resources { table.add(resource.type, resource.id) }
            table.print()
        }
    }
}

/// `ukctr events`
struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "Prints what happens, in all namespaces.", aliases: ["event"])
    @OptionGroup var options: GlobalOptions
    @Argument(help: "Filters in containerd's language, such as topic~=/tasks.") var filters: [String] = []

    func run() async throws {
        for try await event in try await options.client().events.subscribe(filters: filters) {
            // The event's own type decides how it reads; one that is not known shows its name.
            let body = try event.message?.jsonString(options: jsonNames) ?? "{\"type\":\"\(event.event.typeURL)\"}"
            if options.isJSON {
                print(
                    "{\"timestamp\":\"\(event.timestamp.rfc3339)\",\"namespace\":\"\(event.namespace)\","
                        + "\"topic\":\"\(event.topic)\",\"event\":\(body)}")
            } else {
                print("\(event.timestamp.rfc3339) \(event.namespace) \(event.topic) \(body)")
            }
        }
    }
}

/// `ukctr plugins`
struct PluginsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plugins", abstract: "What the server is made of.", subcommands: [List.self],
        aliases: ["plugin"])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ls", abstract: "Lists the server's parts.", aliases: ["list"])
        @OptionGroup var options: GlobalOptions
        @Argument(help: "Filters in containerd's language.") var filters: [String] = []

        func run() async throws {
            let plugins = try await options.client().introspection.plugins(filters: filters)
            if options.isJSON { return try printJSON(plugins) }
            var table = Table("TYPE", "ID", "PLATFORMS", "STATUS")
            for plugin in plugins {
                let platforms = plugin.platforms.map { "\($0.os)/\($0.architecture)" }.joined(separator: ",")
                table.add(
                    plugin.type, plugin.id, platforms.isEmpty ? "-" : platforms,
                    !plugin.hasInitErr ? "ok" : plugin.initErr.message.contains("skip") ? "skip" : "error")
            }
            table.print()
        }
    }
}

/// `ukctr version`
struct VersionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Prints the versions of client and server.")
    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let client = try options.client()
        let (version, revision) = try await client.version()
        let uuid = try await client.introspection.server().uuid
        if options.isJSON {
            return try printJSON(["version": version, "revision": revision, "uuid": uuid])
        }
        print("Client:\n  Version:  \(CtrProgram.version)\n")
        print("Server:\n  Version:  \(version)\n  Revision: \(revision)\n  UUID: \(uuid)")
    }
}

extension CtrProgram {
    /// The version of this program.
    static let version = Version.text
}
