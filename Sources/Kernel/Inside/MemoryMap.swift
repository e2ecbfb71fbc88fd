// Reads a file of /proc into a buffer: unsafe pointers at the C boundary.
import CKernel
import Glibc

/// What the host's /proc/PID/maps says of a process's memory.
struct MemoryMap {
    private let text: [UInt8]

    init(_ pid: pid_t) {
        var text: [UInt8] = []
        let file = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { path in
            ProcPath.write(pid, "maps", to: path.baseAddress!)
            return open(path.baseAddress!, O_RDONLY | O_CLOEXEC)
        }
        if file >= 0 {
            withUnsafeTemporaryAllocation(byteCount: 16384, alignment: 1) { buffer in
                // A program of more than some thousand mappings is none that this is worth it for.
                while text.count < 1 << 18 {
                    let count = Glibc.read(file, buffer.baseAddress!, buffer.count)
                    guard count > 0 else { break }
                    text += buffer[..<count]
                }
            }
            close(file)
        }
        self.text = text
    }

    /// The private mapping of a file's code in which addresses lie; nil when there is none.
    func fileCode(around address: UInt64, _ count: UInt64) -> Range<UInt64>? {
        guard let line = line(of: address), line.end >= address + count else { return nil }
        let fields = line.text.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: true)
        guard fields.count >= 6, fields[1].elementsEqual("r-xp".utf8), !fields[4].elementsEqual("0".utf8) else {
            return nil
        }
        return line.start..<line.end
    }

    /// Whether one page is a mapping of its own, without a file, as the loader makes it.
    func isEmptyPage(_ address: UInt64) -> Bool {
        guard let line = line(of: address), line.start == address, line.end == address + 4096 else { return false }
        let fields = line.text.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: true)
        return fields.count == 5 && fields[1].elementsEqual("r-xp".utf8)
    }

    private func line(of address: UInt64) -> (start: UInt64, end: UInt64, text: ArraySlice<UInt8>)? {
        for line in text.split(separator: UInt8(ascii: "\n")) {
            guard let dash = line.firstIndex(of: UInt8(ascii: "-")),
                let space = line.firstIndex(of: UInt8(ascii: " ")), dash < space
            else { continue }
            let start = HostProcess.hexadecimal(line[..<dash])
            let end = HostProcess.hexadecimal(line[line.index(after: dash)..<space])
            if start > address { return nil }
            if address < end { return (start, end, line) }
        }
        return nil
    }
}
