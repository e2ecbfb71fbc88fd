import ContainerdClient
import EngineAPI
import OCISpec
import RPC
import Registry

extension Engine {
    /// `POST /images/create?fromImage=`: fetches an image from its registry.
    ///
    /// - Parameters:
    ///   - tag: a tag or a digest; without either, and without one in `name`, all tags of the repository are fetched.
    ///   - report: takes the lines of the progress stream.
    public func pull(
        _ name: String, tag: String?, platform: String?, access: RegistryAccess?,
        report: @escaping @Sendable (ProgressMessage) async throws -> Void
    ) async throws {
        let suffix = tag.flatMap { $0.isEmpty ? nil : ($0.hasPrefix("sha256:") ? "@" : ":") + $0 } ?? ""
        let reference = try ImageReference.named(name + suffix)
        var options = PullOptions()
        options.snapshotter = configuration.snapshotter
        do {
            if let platform, !platform.isEmpty { options.platform = try Platform(named: platform) }
        } catch {
            throw EngineError.from(error)
        }
        let settings = RegistrySettings(credentials: access?.credentials)
        var references = [reference]
        if suffix.isEmpty, reference.digest == nil, !name.hasSuffix(":" + (reference.tag ?? "")) {
            do {
                references = try await Repository(reference, settings: settings).tags().map { tag in
                    var named = reference
                    named.tag = tag
                    return named
                }
            } catch { throw Self.transferError(error, reference, isPush: false) }
        }
        for reference in references {
            try await pull(reference, options, settings, report: report)
        }
    }

    private func pull(
        _ reference: ImageReference, _ options: PullOptions, _ settings: RegistrySettings,
        report: @escaping @Sendable (ProgressMessage) async throws -> Void
    ) async throws {
        let before = try? await services.manager.image(reference.description)
        let (chosen, manager) = (options, services.manager)
        let target = try await transfer(reference, isPush: false, report: report) { transferred in
            try await manager.pull(reference, settings: settings, options: chosen, report: transferred)
        } start: { _ in
            ProgressMessage(
                status: "Pulling from \(reference.familiarPath)", id: reference.tag ?? reference.digest)
        }
        try await report(ProgressMessage(status: "Digest: \(target.digest)"))
        let news =
            before?.target.digest == target.digest ? "Image is up to date for" : "Downloaded newer image for"
        try await report(ProgressMessage(status: "Status: \(news) \(reference.familiar)"))
        events.publish(
            type: "image", action: "pull", id: reference.familiar, attributes: ["name": reference.familiarRepository])
    }

    /// `POST /images/{name}/push`: sends an image to its registry; without a tag all tags of the repository.
    public func push(
        _ name: String, tag: String?, access: RegistryAccess?,
        report: @escaping @Sendable (ProgressMessage) async throws -> Void
    ) async throws {
        let base = try ImageReference.named(name)
        var references: [ImageReference] = []
        if let tag, !tag.isEmpty {
            var reference = base
            reference.tag = tag
            references = [reference]
        } else if name.hasSuffix(":" + (base.tag ?? "")) {
            references = [base]
        } else {
            references = try await services.manager.images().compactMap { try? ImageReference($0.name) }.filter {
                $0.domain == base.domain && $0.path == base.path && $0.tag != nil && $0.digest == nil
            }
        }
        let settings = RegistrySettings(credentials: access?.credentials)
        guard !references.isEmpty else {
            throw EngineError(404, "An image does not exist locally with the tag: \(base.familiarRepository)")
        }
        let manager = services.manager
        for (number, reference) in references.enumerated() {
            guard let image = try await manager.image(reference.description) else {
                throw EngineError(404, "An image does not exist locally with the tag: \(base.familiarRepository)")
            }
            let target = try await transfer(reference, isPush: true, report: report) { transferred in
                try await manager.push(image.target, to: reference, settings: settings, report: transferred)
            } start: { _ in
                number > 0
                    ? nil
                    : ProgressMessage(
                        status: "The push refers to repository [\(reference.domain)/\(reference.path)]")
            }
            try await report(
                ProgressMessage(
                    status: "\(reference.tag ?? "latest"): digest: \(target.digest) size: \(target.size)"))
            events.publish(
                type: "image", action: "push", id: reference.familiar,
                attributes: ["name": reference.familiarRepository])
        }
    }

    /// `GET /distribution/{name}/json`: what a registry has under a name, without fetching it.
    public nonisolated func distribution(_ name: String, access: RegistryAccess?) async throws -> DistributionInspect {
        let reference = try ImageReference.named(name)
        do {
            let repository = try Repository(
                reference, settings: RegistrySettings(credentials: access?.credentials))
            let (descriptor, document) = try await repository.resolve()
            return DistributionInspect(
                descriptor: descriptor, platforms: try await repository.platforms(of: descriptor, document))
        } catch {
            throw Self.transferError(error, reference, isPush: false)
        }
    }

    /// `POST /auth`: whether a registry lets an account in.
    ///
    /// - Throws: `EngineError` with 401 when it does not.
    public nonisolated func login(_ access: RegistryAccess) async throws {
        do {
            try await Repository.login(access.domain, settings: RegistrySettings(credentials: access.credentials))
        } catch let error as RPCError {
            switch error.code {
            case .unauthenticated, .permissionDenied: throw EngineError(401, error.message)
            default: throw EngineError(500, error.message)
            }
        }
    }

    /// Runs a transfer and reports what happens; when nobody listens any more, it ends.
    private nonisolated func transfer(
        _ reference: ImageReference, isPush: Bool, report: @Sendable (ProgressMessage) async throws -> Void,
        _ body: @escaping @Sendable (@escaping TransferReport) async throws -> Descriptor,
        start: (Descriptor?) -> ProgressMessage?
    ) async throws -> Descriptor {
        let (happenings, feed) = AsyncStream<TransferEvent>.makeStream()
        let task = Task {
            defer { feed.finish() }
            return try await body { feed.yield($0) }
        }
        return try await withTaskCancellationHandler {
            do {
                var messages = TransferMessages(isPush: isPush)
                // Before the first event an error still has a status of its own.
                var begun = false
                for await event in happenings {
                    if !begun, let first = start(nil) { try await report(first) }
                    begun = true
                    for line in messages.lines(event) { try await report(line) }
                }
                let target = try await task.value
                for line in messages.rest() { try await report(line) }
                return target
            } catch {
                task.cancel()
                _ = await task.result
                throw Self.transferError(error, reference, isPush: isPush)
            }
        } onCancel: {
            task.cancel()
        }
    }

    private static func transferError(_ error: any Error, _ reference: ImageReference, isPush: Bool) -> any Error {
        guard let error = error as? RPCError else { return EngineError.from(error) }
        let verb = isPush ? "push" : "pull"
        switch error.code {
        case .notFound, .invalidArgument, .unimplemented: return EngineError.from(error)
        case .permissionDenied:
            return EngineError(
                404,
                "\(verb) access denied for \(reference.familiarRepository), repository does not exist or may require "
                    + "'docker login': \(error.message)")
        case .cancelled where Task.isCancelled: return CancellationError()
        default: return EngineError(500, "\(verb) \(reference.familiar): \(error.message)")
        }
    }
}

/// What a registry has under a name.
public struct DistributionInspect: Encodable, Sendable {
    /// The manifest or index.
    public var descriptor: Descriptor
    /// Those that it is for.
    public var platforms: [Platform]

    private enum CodingKeys: String, CodingKey {
        case descriptor = "Descriptor"
        case platforms = "Platforms"
    }
}

extension ImageReference {
    /// The repository without registry: `library/busybox`.
    fileprivate var familiarPath: String { path }
}
