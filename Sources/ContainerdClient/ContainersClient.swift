import ContainerdAPI
import OCISpec
import SwiftProtobuf

extension ContainerdClient {
    /// The containers of the namespace.
    public var containers: ContainersClient { ContainersClient(client: self) }
}

/// Containers: what is to run, kept apart from what runs (tasks).
public struct ContainersClient: Sendable {
    let client: ContainerdClient

    /// The containers that match any of `filters` (containerd's filter language); all without filters.
    public func list(filters: [String] = []) async throws -> [Container] {
        try await client.call(ContainersService.list) { $0.filters = filters }.containers
    }

    /// The container of that id; `notFound` when there is none.
    public func get(_ id: String) async throws -> Container {
        try await client.call(ContainersService.get) { $0.id = id }.container
    }

    /// Makes a container; `alreadyExists` when there is one of its id.
    public func create(_ container: Container) async throws -> Container {
        try await client.call(ContainersService.create) { $0.container = container }.container
    }

    /// Changes the fields at `paths` (`spec`, `image`, `labels.NAME`, ...) to those of `container`.
    public func update(_ container: Container, paths: [String]) async throws -> Container {
        try await client.call(ContainersService.update) {
            $0.container = container
            $0.updateMask = fieldMask(paths)
        }.container
    }

    /// Sets labels; an empty value removes its label.
    public func label(_ id: String, _ labels: [String: String]) async throws -> Container {
        var container = Container()
        container.id = id
        container.labels = labels
        return try await update(container, paths: labels.keys.map { "labels.\($0)" })
    }

    /// Removes a container; its snapshot stays.
    public func delete(_ id: String) async throws {
        _ = try await client.call(ContainersService.delete) { $0.id = id }
    }
}

/// containerd's names for what it wraps as `Any` in JSON (its typeurl package), and back.
public enum TypeURL {
    /// A runtime specification.
    public static let spec = "types.containerd.io/opencontainers/runtime-spec/1/Spec"
    /// A process of a runtime specification.
    public static let process = "types.containerd.io/opencontainers/runtime-spec/1/Process"
    /// Limits of a runtime specification.
    public static let resources = "types.containerd.io/opencontainers/runtime-spec/1/LinuxResources"

    /// Wraps a value as JSON.
    public static func json(_ url: String, _ value: some Encodable) throws -> Google_Protobuf_Any {
        any(url, bytes: try JSON.encode(value))
    }

    /// Wraps bytes as they are.
    public static func any(_ url: String, bytes: [UInt8]) -> Google_Protobuf_Any {
        var any = Google_Protobuf_Any()
        any.typeURL = url
        any.value = .init(bytes)
        return any
    }

    /// Wraps a message under its own name without a prefix, as containerd does.
    public static func message<M: Message>(_ message: M) throws -> Google_Protobuf_Any {
        any(M.protoMessageName, bytes: try message.serializedBytes())
    }
}
