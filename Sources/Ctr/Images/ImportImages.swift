import Archive
import ArgumentParser
import ContainerdClient
import Glibc
import RPC
import SystemPackage

/// `ukctr images import`
struct ImportImages: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Takes in images from an archive of docker save or of an OCI image layout.")
    @OptionGroup var options: GlobalOptions
    @Option(name: .customLong("base-name"), help: "Put before names that are only a tag.") var baseName: String?
    @Flag(help: "Names images by their digests as well.") var digests = false
    @Option(name: .customLong("index-name"), help: "A name for the archive's index.") var indexName: String?
    @Option(help: "NAME=value, for the new images.") var label: [String] = []
    @Option(help: "The snapshotter to unpack into.") var snapshotter = "overlayfs"
    @Flag(name: .customLong("no-unpack"), help: "Leaves the layers packed.") var noUnpack = false
    @Flag(name: .customLong("all-platforms"), help: "Taken for ctr's sake: all platforms are always taken in.")
    var allPlatforms = false
    @Argument(help: "The archive, compressed or not; - is standard input.") var file: String

    func run() async throws {
        let client = try options.client()
        var settings = ImportOptions(baseName: baseName ?? Self.datedName)
        settings.digestNames = digests
        settings.indexName = indexName
        settings.labels = labels(label)
        let archive = try ByteChannel.reading(file)
        let images = try await client.importImages(archive, options: settings)
        if options.isJSON { return try printJSON(images.map { ["name": $0.name ?? "", "digest": $0.target.digest] }) }
        for image in images where !noUnpack {
            print("unpacking \(image.name ?? "") (\(image.target.digest))...", terminator: "")
            do {
                _ = try await client.unpack(image.target, snapshotter: snapshotter)
                print("done")
            } catch let error as RPCError where error.code == .notFound && image.target.mediaType.contains("index") {
                print("skipped: no image for this platform")
            } catch {
                print("failed")
                throw error
            }
        }
    }

    private static var datedName: String {
        var now = time(nil)
        var parts = tm()
        localtime_r(&now, &parts)
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "import-\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
    }
}

/// `ukctr images export`
struct ExportImages: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Writes images as an archive that import and docker load take.")
    @OptionGroup var options: GlobalOptions
    @Flag(name: .customLong("all-platforms"), help: "Taken for ctr's sake: what is there is always written.")
    var allPlatforms = false
    @Argument(help: "The archive; - is standard output.") var file: String
    @Argument(help: "Names of images in full.") var names: [String]

    func run() async throws {
        let client = try options.client()
        var images: [ImportedImage] = []
        for name in names {
            images.append(ImportedImage(name: name, target: try await client.images.get(name).descriptor))
        }
        let channel = ByteChannel()
        let chosen = images
        async let export: Void = client.exportImages(chosen, to: channel)
        try await channel.write(to: file)
        try await export
    }
}

extension ByteChannel {
    /// The bytes of a file, or of standard input for `-`, read by a thread of their own.
    static func reading(_ file: String) throws -> ByteChannel {
        let descriptor: FileDescriptor
        do {
            descriptor = file == "-" ? .standardInput : try .open(FilePath(file), .readOnly, options: .closeOnExec)
        } catch {
            throw RPCError(.invalidArgument, "cannot open \(file): \(error)")
        }
        let channel = ByteChannel()
        BlockingWork.start {
            defer { if file != "-" { try? descriptor.close() } }
            do {
                let source = ByteSources.descriptor(descriptor)
                while true {
                    let chunk = try source()
                    if chunk.isEmpty { break }
                    try channel.put(chunk)
                }
                channel.end()
            } catch {
                channel.fail(error)
            }
        }
        return channel
    }

    /// Writes all bytes into a file, or to standard output for `-`. A file appears when it is complete.
    func write(to file: String) async throws {
        try await BlockingWork.run {
            let partial = FilePath(file + ".partial-\(getpid())")
            let descriptor: FileDescriptor
            do {
                descriptor =
                    file == "-"
                    ? .standardOutput
                    : try .open(
                        partial, .writeOnly, options: [.create, .truncate, .closeOnExec],
                        permissions: [.ownerReadWrite, .groupRead, .otherRead])
            } catch {
                self.fail(error)
                throw RPCError(.invalidArgument, "cannot write \(file): \(error)")
            }
            do {
                while true {
                    let chunk = try self.receive()
                    if chunk.isEmpty { break }
                    try descriptor.writeAll(chunk)
                }
                if file != "-" {
                    try descriptor.close()
                    guard rename(partial.string, file) == 0 else {
                        throw RPCError(.invalidArgument, "cannot write \(file): \(Errno(rawValue: errno))")
                    }
                }
            } catch {
                self.fail(error)
                if file != "-" { unlink(partial.string) }
                throw error
            }
        }
    }
}
