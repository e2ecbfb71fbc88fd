import Glibc
import OCISpec
import Registry

/// Shows a pull or push: a line with a bar for each blob on a terminal, else a line for each thing that is done.
actor TransferDisplay {
    private struct Line {
        var name: String
        var status: String
        var moved: Int64 = 0
        var total: Int64
    }

    private let verb: String
    private let isQuiet: Bool
    private let isTerminal = isatty(STDOUT_FILENO) == 1
    private let start = ContinuousClock.now
    private var lines: [String: Line] = [:]
    private var order: [String] = []
    private var drawn = 0
    private var lastDrawing: ContinuousClock.Instant?

    /// - Parameter verb: `downloading` or `uploading`.
    init(verb: String, isQuiet: Bool = false) {
        self.verb = verb
        self.isQuiet = isQuiet
    }

    /// Takes an event in.
    func show(_ event: TransferEvent) {
        switch event {
        case .resolved(let descriptor): set(descriptor, "resolved")
        case .found(let descriptor): set(descriptor, "waiting")
        case .exists(let descriptor): set(descriptor, "exists", moved: descriptor.size)
        case .moved(let descriptor, let bytes): set(descriptor, verb, moved: bytes)
        case .done(let descriptor): set(descriptor, "done", moved: descriptor.size)
        case .mounted(let descriptor, let from): set(descriptor, "mounted from \(from)", moved: descriptor.size)
        case .unpacking(let descriptor): set(descriptor, "unpacking", moved: descriptor.size)
        case .unpacked(let descriptor): set(descriptor, "unpacked", moved: descriptor.size)
        }
    }

    /// Says how long it took.
    func finish() {
        guard !isQuiet else { return }
        draw(always: true)
        let elapsed = start.duration(to: .now)
        let total = lines.values.reduce(Int64(0)) { $0 + $1.total }
        let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
        print("done: \(Int(seconds * 1000)) ms, total: \(byteCount(total))")
    }

    private func set(_ descriptor: Descriptor, _ status: String, moved: Int64? = nil) {
        let kind =
            MediaType.isIndex(descriptor.mediaType)
            ? "index"
            : MediaType.isManifest(descriptor.mediaType)
                ? "manifest" : MediaType.isConfiguration(descriptor.mediaType) ? "config" : "layer"
        if lines[descriptor.digest] == nil { order.append(descriptor.digest) }
        var line =
            lines[descriptor.digest]
            ?? Line(name: "\(kind)-\(descriptor.digest)", status: "", total: descriptor.size)
        let isNews = line.status != status
        line.status = status
        if let moved { line.moved = moved }
        lines[descriptor.digest] = line
        guard !isQuiet else { return }
        if isTerminal {
            draw(always: false)
        } else if isNews, status != "waiting" {
            print("\(line.name): \(status)")
        }
    }

    private func draw(always: Bool) {
        guard isTerminal else { return }
        if !always, let lastDrawing, lastDrawing.duration(to: .now) < .milliseconds(80) { return }
        lastDrawing = .now
        var size = winsize()
        let width = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
        var text = drawn > 0 ? "\u{1b}[\(drawn)A" : ""
        for line in order.compactMap({ lines[$0] }) {
            let share = line.total > 0 ? Double(line.moved) / Double(line.total) : 1
            let filled = Int(share * 30)
            let bar = String(repeating: "+", count: filled) + String(repeating: "-", count: 30 - filled)
            let status = line.status.padded(12)
            let amount = "\(byteCount(line.moved))/\(byteCount(line.total))"
            let room = max(20, width - 30 - 12 - 26)
            let name = line.name.count > room ? line.name.prefix(room - 1) + "…" : line.name.padded(room)[...]
            text += "\(name) \(status) |\(bar)| \(amount)\u{1b}[K\n"
        }
        drawn = order.count
        print(text, terminator: "")
    }
}

extension String {
    /// With spaces up to `width`.
    fileprivate func padded(_ width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
