import ContainerdAPI
import SwiftProtobuf

extension ContainerdClient {
    /// The server's namespaces.
    public var namespaces: NamespacesClient { NamespacesClient(client: self) }
    /// What the server is made of.
    public var introspection: IntrospectionClient { IntrospectionClient(client: self) }
}

/// Namespaces: each has containers, images and content of its own.
public struct NamespacesClient: Sendable {
    let client: ContainerdClient

    /// All namespaces.
    public func list() async throws -> [Namespace] {
        try await client.call(NamespacesService.list) { _ in }.namespaces
    }

    /// The namespace of that name; `notFound` when there is none.
    public func get(_ name: String) async throws -> Namespace {
        try await client.call(NamespacesService.get) { $0.name = name }.namespace
    }

    /// Makes a namespace; `alreadyExists` when there is one.
    public func create(_ name: String, labels: [String: String] = [:]) async throws {
        _ = try await client.call(NamespacesService.create) {
            $0.namespace.name = name
            $0.namespace.labels = labels
        }
    }

    /// Sets labels; an empty value removes its label.
    public func label(_ name: String, _ labels: [String: String]) async throws {
        _ = try await client.call(NamespacesService.update) {
            $0.namespace.name = name
            $0.namespace.labels = labels
            $0.updateMask = fieldMask(labels.keys.map { "labels.\($0)" })
        }
    }

    /// Removes an empty namespace; `failedPrecondition` when it is not empty.
    public func delete(_ name: String) async throws {
        _ = try await client.call(NamespacesService.delete) { $0.name = name }
    }
}

/// What the server is made of.
public struct IntrospectionClient: Sendable {
    let client: ContainerdClient

    /// The server's parts that match any of `filters` (containerd's filter language).
    public func plugins(filters: [String] = []) async throws -> [Plugin] {
        try await client.call(IntrospectionService.plugins) { $0.filters = filters }.plugins
    }

    /// The server's identity and process.
    public func server() async throws -> Containerd_Services_Introspection_V1_ServerResponse {
        try await client.call(IntrospectionService.server) { _ in }
    }
}
