import ArgumentParser
import ContainerdClient
import OCISpec
import RPC
import Registry

/// What fetching an image takes, whether it is unpacked or not.
struct FetchOptions: ParsableArguments {
    @OptionGroup var options: GlobalOptions
    @OptionGroup var registry: RegistryOptions
    @Option(help: "The platform, such as linux/arm64.") var platform: String?
    @Flag(name: .customLong("all-platforms"), help: "Fetches the images of all platforms.") var allPlatforms = false
    @Option(help: "NAME=value, for the image.") var label: [String] = []
    @Argument(help: "The image's name.") var name: String

    /// What the options say, and a snapshotter that they do not name.
    func pullOptions(snapshotter: String?) throws -> PullOptions {
        var settings = PullOptions()
        settings.platform = try platform.map { try Platform(named: $0) } ?? .current
        settings.allPlatforms = allPlatforms
        settings.labels = labels(label)
        settings.snapshotter = snapshotter
        return settings
    }

    /// Fetches the image and shows how far it is; what its name leads to.
    func fetch(_ pull: PullOptions, by client: ContainerdClient) async throws -> Descriptor {
        let reference = try ImageReference(name)
        return try await options.transfer("downloading", reference) { report in
            try await client.pull(reference, settings: registry.settings(), options: pull, report: report)
        }
    }
}

/// `ukctr images pull`
struct PullImages: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull", abstract: "Fetches an image from its registry and unpacks it.")
    @OptionGroup var fetch: FetchOptions
    @Option(help: "The snapshotter to unpack into.") var snapshotter = "overlayfs"
    @Flag(name: .customLong("no-unpack"), help: "Leaves the layers packed.") var noUnpack = false
    @Option(name: .customLong("max-concurrent-downloads"), help: "Layers that come at the same time.") var parallel = 3
    @Flag(name: .customLong("print-chainid"), help: "Prints the name of the topmost snapshot.") var printChainID = false

    func run() async throws {
        var settings = try fetch.pullOptions(snapshotter: noUnpack ? nil : snapshotter)
        settings.parallel = parallel
        let client = try fetch.options.client()
        let target = try await fetch.fetch(settings, by: client)
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
    @OptionGroup var fetch: FetchOptions

    func run() async throws {
        _ = try await fetch.fetch(fetch.pullOptions(snapshotter: nil), by: fetch.options.client())
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
        try await options.transfer("uploading", reference) { report in
            try await client.push(
                target, to: reference, settings: registry.settings(), parallel: parallel, report: report)
        }
    }
}

extension GlobalOptions {
    /// Shows how far `body` is, and then, for who wants JSON, what has been moved under which name.
    @discardableResult
    fileprivate func transfer(
        _ verb: String, _ reference: ImageReference, _ body: (@escaping TransferReport) async throws -> Descriptor
    ) async throws -> Descriptor {
        let display = TransferDisplay(verb: verb, isQuiet: isJSON)
        let moved = try await body { await display.show($0) }
        await display.finish()
        if isJSON { try printJSON(["name": reference.description, "digest": moved.digest]) }
        return moved
    }
}
