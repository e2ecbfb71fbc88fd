import Archive
import ArgumentParser
import ContainerdAPI
import ContainerdClient
import OCISpec
import RPC

/// `ukctr content`
struct ContentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "content", abstract: "Content: blobs by digest.",
        subcommands: [
            List.self, Get.self, Ingest.self, Active.self, Remove.self, Label.self, Abort.self, FetchContent.self,
            FetchObject.self, PushObject.self, EditContent.self, PruneContent.self,
        ])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ls", abstract: "Lists blobs.", aliases: ["list"])
        @OptionGroup var options: GlobalOptions
        @Flag(name: [.short, .long], help: "Prints digests only.") var quiet = false
        @Argument(help: "Filters in containerd's language.") var filters: [String] = []

        func run() async throws {
            let infos = try await options.client().content.list(filters: filters)
            if options.isJSON { return try printJSON(infos) }
            if quiet { return infos.forEach { print($0.digest) } }
            var table = Table("DIGEST", "SIZE", "AGE", "LABELS", gap: 1)
            for info in infos {
                table.add(info.digest, byteCount(info.size), age(info.createdAt), text(of: info.labels))
            }
            table.print()
        }
    }

    struct Get: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "get", abstract: "Writes a blob to standard output.")
        @OptionGroup var options: GlobalOptions
        @Argument(help: "The digest.") var digest: String

        func run() async throws {
            try await options.client().content.bytes(of: digest).write(to: "-")
        }
    }

    struct Ingest: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ingest", abstract: "Takes standard input in as a blob.")
        @OptionGroup var options: GlobalOptions
        @Option(name: .customLong("expected-size"), help: "Bytes that the blob must have.") var size: Int64 = 0
        @Option(name: .customLong("expected-digest"), help: "The digest that the blob must have.") var digest = ""
        @Argument(help: "Names the attempt; one that was broken off goes on.") var reference: String

        func run() async throws {
            let client = try options.client()
            let blob = try await client.content.put(
                .reading("-"), reference: reference, size: size, digest: digest)
            if options.isJSON { try printJSON(["digest": blob.digest]) }
        }
    }

    struct Active: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "active", abstract: "Lists blobs that are being written.")
        @OptionGroup var options: GlobalOptions
        @Argument(help: "A part of the references.") var match: String?

        func run() async throws {
            let ingests = try await options.client().content.ingests(filters: match.map { ["ref~=\($0)"] } ?? [])
            if options.isJSON { return try printJSON(ingests) }
            var table = Table("REF", "SIZE", "AGE")
            for ingest in ingests { table.add(ingest.ref, byteCount(ingest.offset), age(ingest.startedAt)) }
            table.print()
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rm", abstract: "Removes blobs.", aliases: ["del", "delete", "remove"])
        @OptionGroup var options: GlobalOptions
        @Argument(help: "Digests.") var digests: [String]

        func run() async throws {
            let client = try options.client()
            for digest in digests {
                try await client.content.delete(digest)
                print(digest)
            }
        }
    }

    struct Label: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "label", abstract: "Sets labels of a blob; an empty value removes one.")
        @OptionGroup var options: GlobalOptions
        @Argument(help: "The digest.") var digest: String
        @Argument(help: "NAME=value") var labels: [String]

        func run() async throws {
            let client = try options.client()
            try await client.content.label(digest, Ctr.labels(labels))
            print(text(of: try await client.content.info(digest).labels))
        }
    }

    struct Abort: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "abort", abstract: "Gives up blobs that are being written.")
        @OptionGroup var options: GlobalOptions
        @Argument(help: "References.") var references: [String]

        func run() async throws {
            let client = try options.client()
            for reference in references { try await client.content.abort(reference) }
        }
    }
}
