import ArgumentParser
import ContainerdClient
import OCISpec
import RPC
import Registry

/// `ukctr content fetch-object`
struct FetchObject: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetch-object",
        abstract: "Writes an object of a registry to standard output: what a name means, or a blob by digest.")
    @OptionGroup var options: GlobalOptions
    @OptionGroup var registry: RegistryOptions
    @Argument(help: "The image's name, with the digest of a blob for that.") var remote: String
    @Argument(help: "The digest of a blob.") var digest: String?

    func run() async throws {
        let reference = try ImageReference(remote)
        let repository = try Repository(reference, settings: try registry.settings())
        let blob: String
        if let digest {
            blob = digest
        } else {
            do {
                return Output.write(try await repository.resolve().document)
            } catch let error as RPCError where error.code == .notFound && reference.digest != nil {
                blob = reference.digest!
            }
        }
        try await repository.fetch(blob) { Output.write($0) }
    }
}

/// `ukctr content push-object`
struct PushObject: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "push-object", abstract: "Sends a blob to a registry.")
    @OptionGroup var options: GlobalOptions
    @OptionGroup var registry: RegistryOptions
    @Argument(help: "The image's name.") var remote: String
    @Argument(help: "The blob's digest.") var digest: String
    @Argument(help: "Its media type.") var mediaType: String

    func run() async throws {
        let client = try options.client()
        let info = try await client.content.info(digest)
        let object = Descriptor(mediaType: mediaType, digest: digest, size: info.size)
        let repository = try Repository(try ImageReference(remote), settings: try registry.settings())
        try await repository.push(object, from: client)
        print("Pushed \(digest) \(mediaType)")
    }
}
