import ContainerdAPI
import OCISpec
import RPC

extension ContainerdClient {
    /// The images of the namespace.
    public var images: ImagesClient { ImagesClient(client: self) }
}

/// Images: names for descriptors of content.
public struct ImagesClient: Sendable {
    let client: ContainerdClient

    /// The images that match any of `filters` (containerd's filter language); all without filters.
    public func list(filters: [String] = []) async throws -> [Image] {
        try await client.call(ImagesService.list) { $0.filters = filters }.images
    }

    /// The image of that full name; `notFound` when there is none.
    public func get(_ name: String) async throws -> Image {
        try await client.call(ImagesService.get) { $0.name = name }.image
    }

    /// Gives a name to a target; `alreadyExists` when the name is taken.
    public func create(_ name: String, target: Descriptor, labels: [String: String] = [:]) async throws -> Image {
        try await client.call(ImagesService.create) {
            $0.image.name = name
            $0.image.labels = labels
            $0.image.target = target.message
        }.image
    }

    /// Gives a name to a target, also when it meant another one.
    public func put(_ name: String, target: Descriptor, labels: [String: String] = [:]) async throws -> Image {
        do {
            return try await create(name, target: target, labels: labels)
        } catch let error as RPCError where error.code == .alreadyExists {
            var image = Image()
            image.name = name
            image.labels = labels
            image.target = target.message
            let paths = ["target"] + labels.keys.map { "labels.\($0)" }
            do {
                return try await update(image, paths: paths)
            } catch let error as RPCError where error.code == .notFound {
                // Removed in between.
                return try await create(name, target: target, labels: labels)
            }
        }
    }

    /// Changes the fields at `paths` (`target`, `labels.NAME`) to those of `image`.
    public func update(_ image: Image, paths: [String]) async throws -> Image {
        try await client.call(ImagesService.update) {
            $0.image = image
            $0.updateMask = fieldMask(paths)
        }.image
    }

    /// Removes a name. What it pointed to is collected when nothing else keeps it.
    ///
    /// - Parameter sync: whether to wait until it is.
    public func delete(_ name: String, sync: Bool = false) async throws {
        _ = try await client.call(ImagesService.delete) {
            $0.name = name
            $0.sync = sync
        }
    }
}

extension Descriptor {
    /// The API's form.
    public var message: Containerd_Types_Descriptor {
        var message = Containerd_Types_Descriptor()
        message.mediaType = mediaType
        message.digest = digest
        message.size = size
        message.annotations = annotations ?? [:]
        return message
    }

    /// From the API's form.
    public init(_ message: Containerd_Types_Descriptor) {
        self.init(
            mediaType: message.mediaType, digest: message.digest, size: message.size,
            annotations: message.annotations.isEmpty ? nil : message.annotations)
    }
}

extension Image {
    /// What the name means.
    public var descriptor: Descriptor { Descriptor(target) }
}
