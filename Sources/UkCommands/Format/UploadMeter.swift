import Synchronization

/// A bar on the terminal that shows how much of a file has been sent.
final class UploadMeter: Sendable {
    private let total: Int64
    private let state = Mutex<(sent: Int64, shown: Int64)>((0, -1))

    /// A meter for `total` bytes.
    init(total: Int64) { self.total = total }

    /// Counts `bytes` more.
    func advance(_ bytes: Int) {
        state.withLock { state in
            state.sent += Int64(bytes)
            let percent = state.sent * 100 / total
            guard percent != state.shown else { return }
            state.shown = percent
            // The bar goes away when all has been sent: what follows is the engine's.
            let text = state.sent < total ? "Sending: " + ImageProgress.bar(current: state.sent, total: total) : ""
            Console.write(Array("\r\u{1B}[2K\(text)".utf8), to: 2)
        }
    }
}
