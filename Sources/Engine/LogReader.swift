import EngineAPI
import Glibc
import Host
import SystemPackage

/// What a client asks of a container's log.
public struct LogOptions: Sendable {
    /// Whether standard output is wanted.
    public var stdout = false
    /// Whether standard error is wanted.
    public var stderr = false
    /// Whether to go on until the container ends.
    public var follow = false
    /// Whether each line begins with its time.
    public var timestamps = false
    /// Lines at most, from the end; nil for all.
    public var tail: Int?
    /// Only lines of that time or later.
    public var since: Timestamp?
    /// Only lines of that time or earlier.
    public var until: Timestamp?

    /// Nothing wanted yet.
    public init() {}
}

/// Reads a container's log file from the right place on, a piece at a time: memory does not grow with the file.
public final class LogReader {
    private let options: LogOptions
    private let log: ContainerLog?
    private var descriptor: FileDescriptor?
    private var offset: Int64 = 0
    private var rest: [UInt8] = []
    private var open: [Frame.Stream: Bool] = [:]

    /// - Parameter log: the writer, when the container runs.
    package init(path: FilePath, options: LogOptions, log: ContainerLog?) throws {
        self.options = options
        self.log = log
        let fd = Glibc.open(path.string, O_RDONLY | O_CLOEXEC)
        guard fd >= 0 else {
            if errno == ENOENT { return }
            throw HostError.last("open log", path.string)
        }
        descriptor = FileDescriptor(rawValue: fd)
        if let tail = options.tail { offset = try start(ofLast: tail) }
    }

    deinit { try? descriptor?.close() }

    /// The next frames; nil at the end. Waits when it follows.
    public func next() async throws -> [Frame]? {
        while true {
            let progress = log?.progress
            var frames: [Frame] = []
            let more = try read(into: &frames)
            if !frames.isEmpty { return frames }
            if more { continue }
            guard options.follow, let log, let progress, progress.running, !Task.isCancelled else { return nil }
            if let until = options.until, Timestamp.now > until { return nil }
            await log.change(since: progress.version)
        }
    }

    /// Reads one piece of the file; false at its present end.
    private func read(into frames: inout [Frame]) throws -> Bool {
        guard let descriptor else { return false }
        let start = rest.count
        rest.append(contentsOf: repeatElement(0, count: 64 << 10))
        let count = rest.withUnsafeMutableBytes {
            pread(descriptor.rawValue, $0.baseAddress! + start, 64 << 10, off_t(offset))
        }
        rest.removeLast((64 << 10) - max(count, 0))
        guard count > 0 else { return false }
        offset += Int64(count)
        var lineStart = 0
        while let end = rest[lineStart...].firstIndex(of: 10) {
            if let entry = LogEntry(line: rest[lineStart..<end]) { take(entry, into: &frames) }
            lineStart = end + 1
        }
        rest.removeFirst(lineStart)
        return true
    }

    private func take(_ entry: LogEntry, into frames: inout [Frame]) {
        let continues = open[entry.stream] ?? false
        open[entry.stream] = !entry.isComplete
        guard entry.stream == .stderr ? options.stderr : options.stdout else { return }
        if let since = options.since, entry.time < since { return }
        if let until = options.until, entry.time > until { return }
        var bytes = entry.bytes
        if options.timestamps, !continues { bytes = Array((entry.time.padded + " ").utf8) + bytes }
        frames.append(Frame(entry.stream, bytes))
    }

    /// The offset at which the last `count` lines begin, found from the end. Lines of a stream that is not wanted do not
    /// count, and parts of a line count as one.
    private func start(ofLast count: Int) throws -> Int64 {
        guard let descriptor else { return 0 }
        let size = lseek(descriptor.rawValue, 0, SEEK_END)
        guard count > 0 else { return Int64(size) }
        var position = Int64(size)
        var pending: [UInt8] = []
        var found = 0
        var result = Int64(size)
        while position > 0 {
            let piece = min(position, 64 << 10)
            position -= piece
            var bytes = [UInt8](repeating: 0, count: Int(piece))
            guard pread(descriptor.rawValue, &bytes, bytes.count, off_t(position)) == bytes.count else { break }
            var buffer = bytes + pending
            while let last = buffer.dropLast().lastIndex(of: 10) ?? (position == 0 && !buffer.isEmpty ? -1 : nil) {
                let line = buffer[(last + 1)...]
                let text = line.last == 10 ? line.dropLast() : line
                if let entry = LogEntry(line: text), entry.stream == .stderr ? options.stderr : options.stdout {
                    if entry.isComplete || found == 0 {
                        if found == count { return result }
                        found += 1
                    }
                }
                result = position + Int64(last + 1)
                buffer.removeSubrange((last + 1)...)
                if last == -1 { break }
            }
            pending = buffer
        }
        return found <= count ? 0 : result
    }
}
