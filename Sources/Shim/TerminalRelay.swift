// Unsafe pointers: reading from and writing to descriptors.
import CHost
import Glibc
import Host
import SystemPackage

/// Carries bytes between a process's terminal and the client's fifos. A side that takes no more is waited for; the
/// other side is not read meanwhile, so that at most one buffer is held for each direction.
package final class TerminalRelay {
    private static let chunk = 4096

    private let loop: EventLoop
    private let master: FileDescriptor
    private let input: FileDescriptor?
    private let output: FileDescriptor?
    private var towardsTerminal: [UInt8] = []
    private var towardsClient: [UInt8] = []
    private var masterWatch: EventLoop.Watch?
    private var inputWatch: EventLoop.Watch?
    private var outputWatch: EventLoop.Watch?
    private var isMasterOpen = true
    private var isInputOpen = true
    private var drained: (() -> Void)?

    /// Begins to carry. `input` and `output` are non-blocking from here on, and stay the caller's to close, after `close`.
    /// `master` is the relay's.
    package init(_ loop: EventLoop, master: FileDescriptor, input: FileDescriptor?, output: FileDescriptor?) throws {
        self.loop = loop
        self.master = master
        self.input = input
        self.output = output
        for descriptor in [master, input, output] {
            if let descriptor { _ = ukh_set_nonblocking(descriptor.rawValue, 1) }
        }
        masterWatch = try loop.watch(master.rawValue, .read) { [unowned self] _ in turn() }
        // epoll takes no plain files: those are always ready.
        if let input { inputWatch = try? loop.watch(input.rawValue, .read) { [unowned self] _ in turn() } }
        if let output { outputWatch = try? loop.watch(output.rawValue, []) { [unowned self] _ in turn() } }
    }

    /// Sets the terminal's size in characters.
    package func resize(rows: UInt16, columns: UInt16) throws {
        try Terminal.resize(master, rows: rows, columns: columns)
    }

    /// The process has ended: calls `completion` once all that it wrote is with the client.
    package func drain(_ completion: @escaping () -> Void) {
        drained = { [unowned self] in
            drained = nil
            completion()
        }
        turn()
    }

    /// Ends the relay.
    package func close() {
        for watch in [masterWatch, inputWatch, outputWatch] {
            if let watch { loop.unwatch(watch) }
        }
        masterWatch = nil
        inputWatch = nil
        outputWatch = nil
        drained = nil
        try? master.close()
    }

    /// Moves what can be moved, then waits for what is missing.
    private func turn() {
        moveTowardsClient()
        moveTowardsTerminal()
        var interest: EventLoop.Interest = []
        if isMasterOpen, towardsClient.isEmpty { interest.insert(.read) }
        if isMasterOpen, !towardsTerminal.isEmpty { interest.insert(.write) }
        if let masterWatch { loop.change(masterWatch, to: interest) }
        if let outputWatch { loop.change(outputWatch, to: towardsClient.isEmpty ? [] : .write) }
        if let inputWatch {
            loop.change(inputWatch, to: isInputOpen && isMasterOpen && towardsTerminal.isEmpty ? .read : [])
        }
    }

    private func moveTowardsClient() {
        while true {
            if !towardsClient.isEmpty {
                guard let output else {
                    towardsClient = []
                    continue
                }
                switch transfer({ write(output.rawValue, $0, $1) }, &towardsClient) {
                case .blocked: return
                case .done: continue
                case .broken: towardsClient = []
                }
            }
            guard isMasterOpen else { break }
            switch fill(master) {
            case .some(let bytes) where bytes.isEmpty: isMasterOpen = false
            case .some(let bytes): towardsClient = bytes
            // A process that has ended writes no more: an empty terminal is the end.
            case .none:
                if drained != nil { break }
                return
            }
            if drained != nil, towardsClient.isEmpty { break }
        }
        drained?()
    }

    private func moveTowardsTerminal() {
        while isMasterOpen {
            if !towardsTerminal.isEmpty {
                switch transfer({ write(master.rawValue, $0, $1) }, &towardsTerminal) {
                case .blocked: return
                case .done: continue
                case .broken: towardsTerminal = []
                }
            }
            guard isInputOpen, let input, let bytes = fill(input) else { return }
            if bytes.isEmpty { isInputOpen = false } else { towardsTerminal = bytes }
        }
    }

    private enum Progress { case done, blocked, broken }

    private func transfer(_ write: (UnsafeRawPointer, Int) -> Int, _ bytes: inout [UInt8]) -> Progress {
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { write($0.baseAddress!, $0.count) }
            if count < 0, errno == EINTR { continue }
            if count < 0 { return errno == EAGAIN ? .blocked : .broken }
            if count == bytes.count { bytes = [] } else { bytes.removeFirst(count) }
        }
        return .done
    }

    /// Bytes that are there; an empty array at the end of the stream; nil when there is nothing yet.
    private func fill(_ descriptor: FileDescriptor) -> [UInt8]? {
        while true {
            var count = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: TerminalRelay.chunk) { buffer, initialized in
                count = read(descriptor.rawValue, buffer.baseAddress, buffer.count)
                initialized = max(count, 0)
            }
            if count >= 0 { return bytes }
            switch errno {
            case EINTR: continue
            case EAGAIN: return nil
            default: return []
            }
        }
    }
}
