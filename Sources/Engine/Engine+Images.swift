import ContainerdClient
import Archive
import EngineAPI
import OCISpec

extension Engine {
    /// `GET /images/json`.
    public func images(filters: Filters, all: Bool) async throws -> [ImageSummary] {
        let known: Set<String> = ["before", "dangling", "label", "reference", "since", "until"]
        if let wrong = filters.values.keys.sorted().first(where: { !known.contains($0) }) {
            throw EngineError(400, "invalid filter '\(wrong)'")
        }
        var images = try await services.images.all()
        if let name = filters["since"].first {
            let id = try await services.images.resolve(name).image.id
            if let index = images.firstIndex(where: { $0.id == id }) { images = Array(images[..<index]) }
        }
        if let name = filters["before"].first {
            let id = try await services.images.resolve(name).image.id
            if let index = images.firstIndex(where: { $0.id == id }) { images = Array(images[(index + 1)...]) }
        }
        let counts = await imageUses()
        return images.filter { Engine.passes($0, filters) }.map { image in
            var summary = Engine.summary(image)
            summary.containers = counts[image.id] ?? 0
            if !filters["reference"].isEmpty {
                summary.repoTags = image.references.filter { Engine.matches($0, filters["reference"]) }.map(\.familiar)
            }
            return summary
        }
    }

    private static func passes(_ image: ResolvedImage, _ filters: Filters) -> Bool {
        if !filters["reference"].isEmpty,
            !image.references.contains(where: { matches($0, filters["reference"]) })
        {
            return false
        }
        if let dangling = filters["dangling"].first, (dangling == "true" || dangling == "1") != image.repoTags.isEmpty {
            return false
        }
        let labels = image.configuration.config?.labels ?? [:]
        return filters["label"].allSatisfy { label in
            let parts = label.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            return labels[parts[0]].map { parts.count == 1 || parts[1] == $0 } ?? false
        }
    }

    private static func matches(_ reference: ImageReference, _ patterns: [String]) -> Bool {
        patterns.contains { pattern in
            Glob.matches(pattern, reference.familiar) || Glob.matches(pattern, reference.familiarRepository)
                || Glob.matches(pattern, reference.description)
        }
    }

    private func imageUses() async -> [String: Int] {
        var counts: [String: Int] = [:]
        for container in containers.values { counts[await container.record.imageID, default: 0] += 1 }
        return counts
    }

    private static func summary(_ image: ResolvedImage) -> ImageSummary {
        var summary = ImageSummary()
        summary.id = image.id
        summary.repoTags = image.repoTags
        summary.repoDigests = image.repoDigests
        summary.created = image.configuration.created.flatMap { Timestamp($0)?.seconds } ?? 0
        summary.size = image.size
        summary.sharedSize = -1
        summary.labels = image.configuration.config?.labels
        return summary
    }

    /// `GET /images/{name}/json`.
    public func inspectImage(_ name: String) async throws -> ImageInspect {
        let image = try await withAllNames(services.images.resolve(name).image)
        let configuration = image.configuration
        var result = ImageInspect()
        result.id = image.id
        result.repoTags = image.repoTags
        result.repoDigests = image.repoDigests
        result.comment = configuration.comment ?? configuration.history?.last?.comment ?? ""
        result.created = configuration.created
        result.author = configuration.author ?? ""
        result.config = Engine.config(of: configuration)
        result.architecture = configuration.architecture
        result.variant = configuration.variant
        result.os = configuration.os
        result.osVersion = configuration.osVersion
        result.size = image.size
        result.virtualSize = image.size
        result.graphDriver.name = self.configuration.snapshotter
        result.rootFS = ImageInspect.RootFS(type: "layers", layers: configuration.rootfs.diffIDs)
        result.metadata.lastTagTime = (image.names.map(\.updated).max() ?? .zero).description
        return result
    }

    private func withAllNames(_ image: ResolvedImage) async throws -> ResolvedImage {
        try await services.images.all().first { $0.id == image.id } ?? image
    }

    private static func config(of configuration: ImageConfiguration) -> ContainerConfig {
        let base = configuration.config ?? ImageConfiguration.Config()
        var config = ContainerConfig()
        config.user = base.user ?? ""
        config.env = base.env
        config.cmd = base.cmd
        config.entrypoint = base.entrypoint
        config.workingDir = base.workingDir ?? ""
        config.labels = base.labels
        config.stopSignal = base.stopSignal
        config.volumes = base.volumes.map { $0.mapValues { _ in EmptyObject() } }
        config.exposedPorts = base.exposedPorts.map { $0.mapValues { _ in EmptyObject() } }
        config.onBuild = base.onBuild
        config.shell = base.shell
        return config
    }

    /// `GET /images/{name}/history`, newest first.
    public func imageHistory(_ name: String) async throws -> [ImageHistoryItem] {
        let image = try await withAllNames(services.images.resolve(name).image)
        var layers = image.manifest.layers[...]
        let history = image.configuration.history ?? image.manifest.layers.map { _ in ImageConfiguration.History() }
        var items: [ImageHistoryItem] = history.map { entry in
            var item = ImageHistoryItem()
            item.id = "<missing>"
            item.created = entry.created.flatMap { Timestamp($0)?.seconds } ?? 0
            item.createdBy = entry.createdBy ?? ""
            item.comment = entry.comment ?? ""
            if entry.emptyLayer != true { item.size = layers.popFirst()?.size ?? 0 }
            return item
        }
        if !items.isEmpty {
            items[items.count - 1].id = image.id
            items[items.count - 1].tags = image.repoTags
        }
        return items.reversed()
    }

    /// `POST /images/{name}/tag`.
    public func tagImage(_ name: String, repository: String, tag: String?) async throws {
        let image = try await services.images.resolve(name).image
        var reference = try ImageReference.named(repository)
        guard reference.digest == nil else {
            throw EngineError(400, "refusing to create a tag with a digest reference")
        }
        if let tag { reference = try ImageReference.named("\(reference.familiarRepository):\(tag)") }
        try await services.manager.putImage(name: reference.description, target: image.target)
        events.publish(
            type: "image", action: "tag", id: image.id, attributes: ["name": reference.familiar])
    }

    /// `DELETE /images/{name}`.
    public func deleteImage(_ name: String, force: Bool) async throws -> [ImageDeleteItem] {
        let (found, fullName) = try await services.images.resolve(name)
        let image = try await withAllNames(found)
        let short = image.id.dropFirst(7).prefix(12)
        let uses = await containers(of: image.id)
        var removed: [ManagedImage] = image.names
        if let fullName {
            removed = image.names.filter { $0.name == fullName }
        } else if image.repoTags.count > 1, !force {
            throw EngineError(
                409,
                "conflict: unable to delete \(short) (must be forced) - image is referenced in multiple repositories")
        }
        let last = removed.count == image.names.count
        if last, let use = uses.first(where: { $0.running }) {
            throw EngineError(
                409,
                "conflict: unable to delete \(short) (cannot be forced) - image is being used by running container \(use.id.prefix(12))"
            )
        }
        if last, !force, let use = uses.first {
            throw EngineError(
                409,
                fullName.map {
                    "conflict: unable to remove repository reference \"\((try? ImageReference($0).familiar) ?? $0)\" (must force) - container \(use.id.prefix(12)) is using its referenced image \(short)"
                }
                    ?? "conflict: unable to delete \(short) (must be forced) - image is being used by stopped container \(use.id.prefix(12))"
            )
        }
        var items: [ImageDeleteItem] = []
        for entry in removed {
            try await services.manager.deleteImage(entry.name)
            let familiar = (try? ImageReference(entry.name).familiar) ?? entry.name
            items.append(ImageDeleteItem(untagged: familiar))
            events.publish(type: "image", action: "untag", id: image.id, attributes: ["name": image.id])
        }
        if last {
            items.append(ImageDeleteItem(deleted: image.id))
            events.publish(type: "image", action: "delete", id: image.id, attributes: ["name": image.id])
        }
        return items
    }

    private func containers(of imageID: String) async -> [(id: String, running: Bool)] {
        var result: [(String, Bool)] = []
        for container in containers.values {
            let record = await container.record
            if record.imageID == imageID { result.append((record.id, record.isRunning)) }
        }
        return result
    }

    /// `POST /images/load`: takes an archive in and reports each image.
    public func load(_ archive: ByteChannel, report: @Sendable (ProgressMessage) async throws -> Void) async throws {
        let images: [ManagedImage]
        do { images = try await services.manager.load(archive) } catch { throw EngineError.from(error) }
        for image in images {
            var message = ProgressMessage()
            let familiar = (try? ImageReference(image.name).familiar) ?? image.name
            let id = (try? await services.images.details(image).id) ?? image.target.digest
            message.stream =
                ImageReference.isDigest(familiar) || familiar.contains("@sha256:")
                ? "Loaded image ID: \(id)\n" : "Loaded image: \(familiar)\n"
            try await report(message)
            events.publish(type: "image", action: "load", id: id, attributes: ["name": familiar])
        }
    }

    /// `POST /images/create?fromSrc=-`: makes an image of a root file system's tar and returns its id.
    public func importImage(
        _ archive: ByteChannel, repository: String?, tag: String?, message: String, changes: [String]
    ) async throws -> String {
        var name = "import-\(NameGenerator.identifier().prefix(12)):latest"
        if let repository {
            let base = try ImageReference.named(repository)
            name = tag.map { "\(base.familiarRepository):\($0)" } ?? base.familiar
        }
        let reference = try ImageReference.named(name)
        let config = try ImageChanges.apply(changes, to: ImageConfiguration.Config())
        let image: ManagedImage
        do {
            image = try await services.manager.importLayer(
                archive, name: reference.description, configuration: config,
                comment: message.isEmpty ? "Imported from -" : message)
        } catch { throw EngineError.from(error) }
        let id = try await services.images.details(image).id
        events.publish(type: "image", action: "import", id: id, attributes: ["name": reference.familiar])
        return id
    }

    /// `GET /images/{name}/get` and `GET /images/get`: the images to be written, all found before anything is sent.
    public func imagesToSave(_ names: [String]) async throws -> [ManagedImage] {
        guard !names.isEmpty else { throw EngineError(400, "no image names given") }
        var result: [ManagedImage] = []
        for name in names {
            let (image, fullName) = try await services.images.resolve(name)
            let all = try await withAllNames(image).names
            result += fullName.map { full in all.filter { $0.name == full } } ?? all
        }
        return result
    }

    /// Writes images as an archive that `load` takes.
    public nonisolated func save(_ images: [ManagedImage], to archive: ByteChannel) async throws {
        do { try await services.manager.save(images, to: archive) } catch { throw EngineError.from(error) }
    }

    /// `POST /images/prune`: removes images without a name that no container uses; with `dangling=false` the named ones, too.
    public func pruneImages(filters: Filters) async throws -> PruneResponse {
        let uses = await imageUses()
        let everything = ["false", "0"].contains(filters["dangling"].first ?? "")
        var response = PruneResponse()
        var deleted: [ImageDeleteItem] = []
        for image in try await services.images.all() where uses[image.id] == nil {
            guard everything || image.repoTags.isEmpty else { continue }
            guard Engine.passes(image, Filters(filters.values.filter { $0.key == "label" })) else { continue }
            for name in image.names {
                try await services.manager.deleteImage(name.name)
                deleted.append(ImageDeleteItem(untagged: (try? ImageReference(name.name).familiar) ?? name.name))
            }
            deleted.append(ImageDeleteItem(deleted: image.id))
            response.spaceReclaimed += image.size
        }
        response.imagesDeleted = deleted
        return response
    }
}

/// Shell patterns with `*` and `?`, where `*` stops at slashes, as Go's `path.Match` has it.
package enum Glob {
    package static func matches(_ pattern: String, _ text: String) -> Bool {
        matches(Array(pattern.utf8)[...], Array(text.utf8)[...])
    }

    private static func matches(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        if first == 42 {
            var rest = text
            while true {
                if matches(pattern.dropFirst(), rest) { return true }
                guard let next = rest.first, next != 47 else { return false }
                rest = rest.dropFirst()
            }
        }
        guard let next = text.first, first == next || (first == 63 && next != 47) else { return false }
        return matches(pattern.dropFirst(), text.dropFirst())
    }
}
