import EngineAPI
import OCISpec
import Registry

/// Turns what happens to an image's blobs into the lines that docker's clients show.
struct TransferMessages {
    private let isPush: Bool
    private var shown: [String: ContinuousClock.Instant] = [:]
    private var unfinished: [String] = []

    /// How often a bar moves.
    private static let interval = Duration.milliseconds(100)

    init(isPush: Bool) { self.isPush = isPush }

    /// The lines for an event; only layers are shown.
    mutating func lines(_ event: TransferEvent) -> [ProgressMessage] {
        switch event {
        case .resolved: return []
        case .found(let layer):
            return line(layer, isPush ? "Preparing" : "Pulling fs layer")
        case .exists(let layer):
            finish(layer)
            return line(layer, isPush ? "Layer already exists" : "Already exists")
        case .moved(let layer, let bytes):
            let now = ContinuousClock.now
            if let last = shown[layer.digest], last.duration(to: now) < Self.interval { return [] }
            shown[layer.digest] = now
            return line(
                layer, isPush ? "Pushing" : "Downloading", detail: .init(current: bytes, total: layer.size))
        case .done(let layer):
            if isPush {
                finish(layer)
                return line(layer, "Pushed")
            }
            if MediaType.isLayer(layer.mediaType) { unfinished.append(layer.digest) }
            return line(layer, "Verifying Checksum") + line(layer, "Download complete")
        case .mounted(let layer, let from):
            finish(layer)
            return line(layer, "Mounted from \(from)")
        case .unpacking(let layer):
            guard unfinished.contains(layer.digest) else { return [] }
            return line(layer, "Extracting", detail: .init(current: layer.size, total: layer.size))
        case .unpacked(let layer):
            guard unfinished.contains(layer.digest) else { return [] }
            finish(layer)
            return line(layer, "Pull complete")
        }
    }

    /// The lines for layers that were there unpacked before they came.
    func rest() -> [ProgressMessage] {
        isPush ? [] : unfinished.map { ProgressMessage(status: "Pull complete", id: Self.short($0)) }
    }

    private mutating func finish(_ layer: Descriptor) { unfinished.removeAll { $0 == layer.digest } }

    private func line(
        _ layer: Descriptor, _ status: String, detail: ProgressMessage.ProgressDetail? = .init()
    ) -> [ProgressMessage] {
        guard MediaType.isLayer(layer.mediaType) else { return [] }
        return [ProgressMessage(status: status, id: Self.short(layer.digest), progressDetail: detail)]
    }

    private static func short(_ digest: String) -> String { String(digest.dropFirst(7).prefix(12)) }
}
