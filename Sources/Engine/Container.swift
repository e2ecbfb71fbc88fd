import EngineAPI
import Host
import Logging
import OCISpec
import RPC
import SystemPackage

/// One container: its record, its stdio, those who wait for it.
///
/// The calls that change what runs (start, the end of a run, removal) take turns; those that only send a signal or read do
/// not wait for them.
actor Container {
    /// How a run ended.
    struct End: Sendable {
        var code: Int
        var error = ""
    }

    nonisolated let id: String
    nonisolated let services: Services
    nonisolated let hub = OutputHub()
    let lifecycle = AsyncLock()

    var record: ContainerRecord
    var execs: [String: Exec] = [:]
    var streams: ProcessStreams?
    var log: ContainerLog?
    /// Fulfilled at the end of the present run, or of the next one when none is on.
    var nextEnd = Promise<End>()
    /// Fulfilled when the container has been removed.
    let removal = Promise<End>()
    /// Standard input of the present or the next run; nil when the start failed.
    var input = Promise<ProcessStreams?>()
    var isRemoving = false
    /// A container that is to be removed at its end stays while it is only being restarted.
    var isRestarting = false
    /// The specification that the manager has.
    var sentSpec: [UInt8] = []
    /// The mounts of the container's root as the manager told them last; they do not change.
    var rootMounts: [ManagedMount] = []
    /// Told about the removal, once all is gone.
    let forget: @Sendable (Container) async -> Void

    init(record: ContainerRecord, services: Services, forget: @escaping @Sendable (Container) async -> Void) {
        id = record.id
        self.record = record
        self.services = services
        self.forget = forget
    }

    nonisolated var folder: FilePath { services.configuration.containersFolder.appending(id) }
    nonisolated var execFolder: FilePath { services.configuration.execRoot.appending("containers").appending(id) }
    nonisolated var logPath: FilePath { folder.appending("\(id)-json.log") }
    var logger: Logger {
        var logger = services.logger
        logger[metadataKey: "container"] = "\(id.prefix(12))"
        return logger
    }

    var name: String { record.name }

    func save(isDurable: Bool = false) async throws { try await services.store.save(record, isDurable: isDurable) }

    /// Changes the record and writes it.
    ///
    /// - Parameter isDurable: whether the change outlives a power failure that comes at once.
    func update(isDurable: Bool = false, _ change: (inout ContainerRecord) -> Void) async throws {
        change(&record)
        try await save(isDurable: isDurable)
    }

    func event(_ action: String, _ more: [String: String] = [:]) {
        var attributes = record.config.labels ?? [:]
        attributes["image"] = record.config.image
        attributes["name"] = record.name
        services.events.publish(
            type: "container", action: action, id: id, attributes: attributes.merging(more) { $1 })
    }

    // MARK: making

    /// Makes everything that the container needs before its first start. On an error nothing is left behind.
    func make(image: ManagedImage) async throws {
        do {
            async let saved: Void = save()
            async let prepared = prepareSnapshot(image)
            try writeFiles()
            let mounts = try await prepared
            rootMounts = mounts
            try await saved
            let bytes = try spec(mounts)
            try await services.manager.createContainer(
                id: id, image: record.imageName, snapshot: id, spec: bytes, labels: record.config.labels ?? [:])
            sentSpec = bytes
            try await update(isDurable: true) { $0.phase = .created }
        } catch {
            await discard()
            throw EngineError.from(error)
        }
    }

    /// The mounts of the container's root.
    func mounts() async throws -> [ManagedMount] {
        if rootMounts.isEmpty { rootMounts = try await services.manager.mounts(id) }
        return rootMounts
    }

    private func prepareSnapshot(_ image: ManagedImage) async throws -> [ManagedMount] {
        do {
            return try await services.manager.prepareSnapshot(id, parent: record.parentSnapshot)
        } catch let error as ManagerError where error.kind == .notFound {
            // The image came without its layers being made ready, say through `ctr content`.
            try await services.manager.unpack(image)
            return try await services.manager.prepareSnapshot(id, parent: record.parentSnapshot)
        }
    }

    /// Writes the files that are mounted into every container.
    private func writeFiles() throws {
        try Folders.make(folder)
        try NameFiles(record: record).write(to: folder)
        log = nil
    }

    func spec(_ mounts: [ManagedMount]) throws -> [UInt8] {
        let builder = SpecBuilder(record: record, folder: folder, root: RootView(mounts))
        return try JSON.encode(try builder.build())
    }

    /// Removes all that the container has anywhere; what is not there is passed over.
    func discard() async {
        let services = services
        let (id, folder, execFolder) = (id, folder, execFolder)
        await withTaskGroup(of: Void.self) { group in
            func remove(_ what: String, _ body: @escaping @Sendable () async throws -> Void) {
                group.addTask {
                    do { try await body() } catch {
                        services.logger.error(
                            "cannot remove the \(what)", metadata: ["container": "\(id)", "error": "\(error)"])
                    }
                }
            }
            remove("container at the manager") { try await services.manager.deleteContainer(id) }
            remove("snapshot") { try await services.manager.removeSnapshot(id) }
            remove("files") {
                try await FileTree.remove(folder)
                try await FileTree.remove(execFolder)
            }
        }
        do {
            try await services.store.deleteContainer(id)
        } catch {
            logger.error("cannot remove the record", metadata: ["error": "\(error)"])
        }
    }

    // MARK: waiting

    /// What is waited for: `not-running`, `next-exit`, `removed`.
    func end(_ condition: WaitCondition) -> Promise<End> {
        switch condition {
        case .removed: return removal
        case .nextExit: return nextEnd
        case .notRunning:
            if record.isRunning { return nextEnd }
            let now = Promise<End>()
            now.fulfill(End(code: record.exitCode, error: record.error))
            return now
        }
    }
}

/// What `wait` waits for.
public enum WaitCondition: String, Sendable {
    /// Any state but running.
    case notRunning = "not-running"
    /// The end of the present or next run.
    case nextExit = "next-exit"
    /// The removal.
    case removed
}

extension EngineError {
    /// What the API says to an error of a lower layer.
    static func from(_ error: any Error) -> any Error {
        switch error {
        case is EngineError, is CancellationError: return error
        // Of a registry, or of what is read without the manager.
        case let error as RPCError where error.code != .unavailable: return from(ManagerError(error))
        case let error as RPCError: return EngineError(500, error.message)
        case let error as ManagerError:
            switch error.kind {
            case .notFound: return EngineError(404, error.message)
            case .alreadyExists, .failedPrecondition: return EngineError(409, error.message)
            case .invalidArgument: return EngineError(400, error.message)
            case .unavailable: return EngineError(503, "the manager is not to be reached: \(error.message)")
            case .unimplemented: return EngineError(501, error.message)
            case .other: return EngineError(500, error.message)
            }
        default: return EngineError(500, "\(error)")
        }
    }
}
