import ArgumentParser
import ContainerdAPI
import ContainerdClient
import OCISpec
import RPC

/// `ukctr images`
struct ImagesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "images", abstract: "Images: names for content.",
        subcommands: [
            List.self, ImportImages.self, ExportImages.self, Remove.self, Tag.self, Check.self, Label.self,
            PullImages.self, PushImages.self, MountImage.self, UnmountImage.self,
        ],
        aliases: ["image", "i"])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ls", abstract: "Lists images.", aliases: ["list"])
        @OptionGroup var options: GlobalOptions
        @Flag(name: [.short, .long], help: "Prints names only.") var quiet = false
        @Argument(help: "Filters in containerd's language, such as name~=busybox.") var filters: [String] = []

        func run() async throws {
            let client = try options.client()
            let images = try await client.images.list(filters: filters)
            if options.isJSON { return try printJSON(images) }
            if quiet { return images.forEach { print($0.name) } }
            var table = Table("REF", "TYPE", "DIGEST", "SIZE", "PLATFORMS", "LABELS", gap: 1)
            for image in images {
                let size = try? await client.size(of: image.descriptor)
                let platforms = (try? await client.platforms(of: image.descriptor)) ?? []
                table.add(
                    image.name, image.target.mediaType, image.target.digest, size.map(byteCount) ?? "-",
                    platforms.isEmpty ? "-" : platforms.joined(separator: ","), text(of: image.labels))
            }
            table.print()
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rm", abstract: "Removes names of images.", aliases: ["del", "delete", "remove"])
        @OptionGroup var options: GlobalOptions
        @Flag(help: "Waits until what is no longer needed has been collected.") var sync = false
        @Argument(help: "Names in full.") var names: [String]

        func run() async throws {
            let client = try options.client()
            for (number, name) in names.enumerated() {
                do {
                    try await client.images.delete(name, sync: sync && number == names.count - 1)
                } catch let error as RPCError where error.code == .notFound {
                    complain("image \(name): not found")
                    continue
                }
                print(name)
            }
        }
    }

    struct Tag: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "tag", abstract: "Gives an image further names.")
        @OptionGroup var options: GlobalOptions
        @Flag(help: "Takes the name from another image.") var force = false
        @Argument(help: "The image's name.") var source: String
        @Argument(help: "Its new names.") var targets: [String]

        func run() async throws {
            let client = try options.client()
            let image = try await client.images.get(source)
            for name in targets {
                if force {
                    _ = try await client.images.put(name, target: image.descriptor, labels: image.labels)
                } else {
                    _ = try await client.images.create(name, target: image.descriptor, labels: image.labels)
                }
                print(name)
            }
        }
    }

    struct Label: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "label", abstract: "Sets labels of an image; an empty value removes one.")
        @OptionGroup var options: GlobalOptions
        @Argument(help: "The image's name.") var name: String
        @Argument(help: "NAME=value") var labels: [String]

        func run() async throws {
            let client = try options.client()
            var image = Image()
            image.name = name
            image.labels = Ctr.labels(labels)
            image = try await client.images.update(image, paths: image.labels.keys.map { "labels.\($0)" })
            print(text(of: image.labels))
        }
    }

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "check", abstract: "Tells whether images have all their content and are unpacked.")
        @OptionGroup var options: GlobalOptions
        @Option(help: "The snapshotter.") var snapshotter = "overlayfs"
        @Flag(name: [.short, .long], help: "Prints names of complete images only.") var quiet = false
        @Argument(help: "Filters in containerd's language.") var filters: [String] = []

        func run() async throws {
            let client = try options.client()
            var table = Table("REF", "TYPE", "DIGEST", "STATUS", "SIZE", "UNPACKED", gap: 1)
            for image in try await client.images.list(filters: filters) {
                let state = try await client.completeness(of: image.descriptor)
                let status = state.missing > 0 ? "incomplete" : "complete"
                let unpacked =
                    state.missing == 0
                    ? try await client.isUnpacked(image.descriptor, snapshotter: snapshotter) : false
                if quiet {
                    if state.missing == 0 { print(image.name) }
                    continue
                }
                table.add(
                    image.name, image.target.mediaType, image.target.digest,
                    "\(status) (\(state.parts - state.missing)/\(state.parts))",
                    "\(byteCount(state.present))/\(byteCount(state.total))", "\(unpacked)")
            }
            if !quiet { table.print() }
        }
    }
}

extension ContainerdClient {
    /// The bytes of an image for this platform: manifest, configuration and layers.
    func size(of target: Descriptor) async throws -> Int64 {
        let (descriptor, manifest) = try await manifest(of: target)
        return descriptor.size + manifest.config.size + manifest.layers.reduce(0) { $0 + $1.size }
    }

    /// The platforms that an image is for.
    func platforms(of target: Descriptor) async throws -> [String] {
        guard MediaType.isIndex(target.mediaType) else {
            return [try await configuration(of: target).platform.description]
        }
        return try await children(of: target).compactMap { $0.platform?.description }
    }

    /// How much of an image for this platform is there.
    func completeness(
        of target: Descriptor
    ) async throws -> (parts: Int, missing: Int, present: Int64, total: Int64) {
        let (descriptor, manifest) = try await manifest(of: target)
        var result = (parts: 1, missing: 0, present: descriptor.size, total: descriptor.size)
        for part in [manifest.config] + manifest.layers {
            result.parts += 1
            result.total += part.size
            do {
                _ = try await content.info(part.digest)
                result.present += part.size
            } catch let error as RPCError where error.code == .notFound {
                result.missing += 1
            }
        }
        return result
    }
}
