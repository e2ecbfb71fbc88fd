import ArgumentParser
import ContainerdClient
import OCISpec
import RPC
import Registry

/// `ukctr images pull`
struct PullImages: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull", abstract: "Fetches an image from its registry and unpacks it.")
    @OptionGroup var options: GlobalOptions
    @OptionGroup var registry: RegistryOptions
    @Option(help: "The platform, such as linux/arm64.") var platform: String?
    @Flag(name: .customLong("all-platforms"), help: "Fetches the images of all platforms.") var allPlatforms = false
    @Option(help: "The snapshotter to unpack into.") var snapshotter = "overlayfs"
    @Flag(name: .customLong("no-unpack"), help: "Leaves the layers packed.") var noUnpack = false
    @Option(help: "NAME=value, for the image.") var label: [String] = []
    @Option(name: .customLong("max-concurrent-downloads"), help: "Layers that come at the same time.") var parallel = 3
    @Flag(name: .customLong("print-chainid"), help: "Prints the name of the topmost snapshot.") var printChainID = false
    @Argument(help: "The image's name.") var name: String

    func run() async throws {
        let client = try options.client()
        var settings = PullOptions()
        settings.platform = try platform.map { try Platform(named: $0) } ?? .current
        settings.allPlatforms = allPlatforms
        settings.snapshotter = noUnpack ? nil : snapshotter
        settings.labels = labels(label)
        settings.parallel = parallel
        let display = TransferDisplay(verb: "downloading", isQuiet: options.isJSON)
        let reference = try ImageReference(name)
        let target = try await client.pull(reference, settings: registry.settings(), options: settings) {
            await display.show($0)
        }
        await display.finish()
        if options.isJSON { try printJSON(["name": reference.description, "digest": target.digest]) }
        if printChainID {
            let image = try await client.configuration(of: target, platform: settings.platform)
            print("image chain ID: \(chainID(image.rootfs.diffIDs))")
        }
    }
}

/// `ukctr content fetch`
struct FetchContent: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetch", abstract: "Fetches an image from its registry without unpacking it.")
    @OptionGroup var options: GlobalOptions
    @OptionGroup var registry: RegistryOptions
    @Option(help: "The platform, such as linux/arm64.") var platform: String?
    @Flag(name: .customLong("all-platforms"), help: "Fetches the images of all platforms.") var allPlatforms = false
    @Option(help: "NAME=value, for the image.") var label: [String] = []
    @Argument(help: "The image's name.") var name: String

    func run() async throws {
        let client = try options.client()
        var settings = PullOptions()
        settings.platform = try platform.map { try Platform(named: $0) } ?? .current
        settings.allPlatforms = allPlatforms
        settings.snapshotter = nil
        settings.labels = labels(label)
        let display = TransferDisplay(verb: "downloading", isQuiet: options.isJSON)
        let reference = try ImageReference(name)
        let target = try await client.pull(reference, settings: registry.settings(), options: settings) {
            await display.show($0)
        }
        await display.finish()
        if options.isJSON { try printJSON(["name": reference.description, "digest": target.digest]) }
    }
}

/// `ukctr images push`
struct PushImages: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "push", abstract: "Sends an image to a registry.")
    @OptionGroup var options: GlobalOptions
    @OptionGroup var registry: RegistryOptions
    @Option(help: "The digest of the manifest to send; without it the image's own.") var manifest: String?
    @Option(
        name: .customLong("max-concurrent-uploaded-layers"), help: "Layers that go at the same time.")
    var parallel = 3
    @Argument(help: "The name in the registry.") var name: String
    @Argument(help: "The image's name here, when it is another.") var source: String?

    func run() async throws {
        let client = try options.client()
        let reference = try ImageReference(name)
        let image = try await client.images.get(source ?? reference.description).descriptor
        var target = image
        if let manifest {
            guard let found = try await client.blobs(of: image).first(where: { $0.digest == manifest }) else {
                throw RPCError(.notFound, "\(manifest) is no part of \(source ?? name)")
            }
            target = found
        }
        let display = TransferDisplay(verb: "uploading", isQuiet: options.isJSON)
        let pushed = try await client.push(
            target, to: reference, settings: registry.settings(), parallel: parallel
        ) { await display.show($0) }
        await display.finish()
        if options.isJSON { try printJSON(["name": reference.description, "digest": pushed.digest]) }
    }
}
