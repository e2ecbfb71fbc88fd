import ContainerdAPI
import SwiftProtobuf

extension ContainerdClient {
    /// The leases of the namespace.
    public var leases: LeasesClient { LeasesClient(client: self) }

    /// Runs `body` with a client whose resources are kept by a lease of their own until it returns (and for at most
    /// a day, should this process not live to remove the lease).
    public func withLease<R>(_ body: (ContainerdClient) async throws -> R) async throws -> R {
        if lease != nil { return try await body(self) }
        let id = try await leases.create(expiry: .seconds(24 * 3600)).id
        do {
            let result = try await body(inLease(id))
            try await leases.delete(id)
            return result
        } catch {
            // Also when the task was cancelled, which would cancel this call with it.
            await Task.detached { [leases] in try? await leases.delete(id) }.value
            throw error
        }
    }
}

/// Leases: what keeps resources that nothing refers to yet from being collected.
public struct LeasesClient: Sendable {
    let client: ContainerdClient

    /// Makes a lease.
    ///
    /// - Parameters:
    ///   - id: a name of the caller's; without one the client finds one.
    ///   - expiry: after this the lease no longer keeps anything; nil: it does until it is removed.
    public func create(
        id: String? = nil, expiry: Duration? = nil, labels: [String: String] = [:]
    ) async throws -> Lease {
        var labels = labels
        if let expiry { labels["containerd.io/gc.expire"] = rfc3339(secondsFromNow: expiry.components.seconds) }
        let name = id ?? "\(Google_Protobuf_Timestamp.now.seconds)-\(UInt64.random(in: 0 ... .max))"
        return try await client.call(LeasesService.create) {
            $0.id = name
            $0.labels = labels
        }.lease
    }

    /// Removes a lease.
    ///
    /// - Parameter sync: whether to wait until what it kept has been collected.
    public func delete(_ id: String, sync: Bool = false) async throws {
        _ = try await client.call(LeasesService.delete) {
            $0.id = id
            $0.sync = sync
        }
    }

    /// The leases that match any of `filters`; all without filters.
    public func list(filters: [String] = []) async throws -> [Lease] {
        try await client.call(LeasesService.list) { $0.filters = filters }.leases
    }

    /// Has a lease keep a resource (`type` is `content`, `snapshots/overlayfs`, ...).
    public func add(_ id: String, resource: String, type: String) async throws {
        _ = try await client.call(LeasesService.addResource) {
            $0.id = id
            $0.resource.id = resource
            $0.resource.type = type
        }
    }

    /// Has a lease keep a resource no longer.
    public func remove(_ id: String, resource: String, type: String) async throws {
        _ = try await client.call(LeasesService.deleteResource) {
            $0.id = id
            $0.resource.id = resource
            $0.resource.type = type
        }
    }

    /// What a lease keeps.
    public func resources(_ id: String) async throws -> [LeaseResource] {
        try await client.call(LeasesService.listResources) { $0.id = id }.resources
    }
}
