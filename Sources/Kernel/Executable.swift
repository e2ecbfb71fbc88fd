import CKernel
import Glibc
import SystemPackage

/// What an executable file says about itself: its segments and interpreter (System V gABI, chapters 4 and 5), or the
/// interpreter line of a script (execve(2)). Made from bytes that nobody vouches for: every field is checked.
package struct Executable: Sendable {
    /// A part of the file to be mapped.
    package struct Segment: Sendable, Equatable {
        package var address: UInt64
        package var memorySize: UInt64
        package var fileSize: UInt64
        package var offset: UInt64
        package var protection: UInt32
    }

    package private(set) var segments: [Segment] = []
    /// Whether it can be mapped anywhere (ET_DYN).
    package private(set) var isMovable = false
    package private(set) var entry: UInt64 = 0
    /// Address of the program headers once mapped, relative as the segments are.
    package private(set) var headers: UInt64 = 0
    package private(set) var headerCount: UInt32 = 0
    package private(set) var hasExecutableStack = false
    package private(set) var alignment: UInt64 = 4096
    /// Path of the interpreter that the file asks for (PT_INTERP).
    package private(set) var interpreter: [UInt8]?

    /// The span of all segments, in whole pages.
    package var span: (low: UInt64, high: UInt64) {
        let low = segments.map { $0.address & ~4095 }.min() ?? 0
        let high = segments.map { ($0.address + $0.memorySize + 4095) & ~4095 }.max() ?? 0
        return (low, high)
    }

    /// User addresses end here on x86-64.
    private static let addressLimit: UInt64 = 0x7FFF_FFFF_F000

    /// Reads the headers of an ELF file.
    ///
    /// - Parameter read: bytes at an offset, fewer at the file's end.
    /// - Throws: `ENOEXEC` for everything that is no proper x86-64 program.
    package init(head: [UInt8], read: (_ offset: UInt64, _ count: Int) -> [UInt8]) throws(Errno) {
        guard head.count >= 64, head.starts(with: [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1]) else { throw .execFormatError }
        func half(_ offset: Int) -> UInt16 { UInt16(head[offset]) | UInt16(head[offset + 1]) << 8 }
        let type = half(16)
        guard type == 2 || type == 3, half(18) == UInt16(EM_X86_64), half(54) == 56 else { throw .execFormatError }
        isMovable = type == 3
        entry = Executable.word(head, 24)
        let tableOffset = Executable.word(head, 32)
        let count = Int(half(56))
        guard count > 0, count <= 128, tableOffset < 1 << 40 else { throw .execFormatError }
        headerCount = UInt32(count)
        let end = tableOffset + UInt64(count * 56)
        let table = end <= UInt64(head.count) ? Array(head[Int(tableOffset)..<Int(end)]) : read(tableOffset, count * 56)
        guard table.count == count * 56 else { throw .execFormatError }
        var declaredHeaders: UInt64?
        for index in 0..<count {
            let header = Array(table[index * 56..<index * 56 + 56])
            try take(header, declaredHeaders: &declaredHeaders, read: read)
        }
        guard !segments.isEmpty, segments.count <= Int(UKL_SEGMENTS) else { throw .execFormatError }
        let (low, high) = span
        guard high > low, high <= Executable.addressLimit else { throw .execFormatError }
        if !isMovable {
            // The lowest pages are nobody's, and the loader's own place is taken.
            guard low >= 4096, high <= UInt64(0x2000_0000_0000) - (1 << 30) || low >= 0x2000_4000_0000 else {
                throw .execFormatError
            }
        }
        headers =
            declaredHeaders
            ?? segments.first {
                $0.offset <= tableOffset && tableOffset + UInt64(count * 56) <= $0.offset + $0.fileSize
            }
            .map { $0.address + (tableOffset - $0.offset) } ?? 0
        guard entry >= low, entry < high else { throw .execFormatError }
    }

    private mutating func take(
        _ header: [UInt8], declaredHeaders: inout UInt64?, read: (UInt64, Int) -> [UInt8]
    ) throws(Errno) {
        let kind = UInt32(truncatingIfNeeded: Executable.word(header, 0))
        let flags = UInt32(truncatingIfNeeded: Executable.word(header, 0) >> 32)
        let (offset, address) = (Executable.word(header, 8), Executable.word(header, 16))
        let (fileSize, memorySize) = (Executable.word(header, 32), Executable.word(header, 40))
        switch kind {
        case 1:
            if memorySize == 0 { return }
            let (end, overflow) = address.addingReportingOverflow(memorySize)
            guard !overflow, end <= Executable.addressLimit, fileSize <= memorySize, offset < 1 << 62,
                offset & 4095 == address & 4095
            else { throw .execFormatError }
            if let previous = segments.last {
                // As the specification asks, and as a sane mapping order needs.
                guard previous.address + previous.memorySize <= address else { throw .execFormatError }
            }
            let protection = (flags & 4 != 0 ? 1 : 0) | (flags & 2 != 0 ? 2 : 0) | (flags & 1 != 0 ? 4 : 0)
            segments.append(
                Segment(
                    address: address, memorySize: memorySize, fileSize: fileSize, offset: offset,
                    protection: UInt32(protection)))
            let wanted = Executable.word(header, 48)
            if wanted > alignment, wanted <= 1 << 30, wanted & (wanted - 1) == 0 { alignment = wanted }
        case 3:
            guard interpreter == nil, fileSize > 1, fileSize <= 4096 else { throw .execFormatError }
            var path = read(offset, Int(fileSize))
            guard path.count == Int(fileSize), path.last == 0 else { throw .execFormatError }
            path.removeSubrange(path.firstIndex(of: 0)!...)
            guard !path.isEmpty else { throw .execFormatError }
            interpreter = path
        case 6:
            declaredHeaders = address
        case 0x6474_E551:
            hasExecutableStack = flags & 1 != 0
        default:
            return
        }
    }

    private static func word(_ bytes: [UInt8], _ offset: Int) -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<8 { value |= UInt64(bytes[offset + index]) << UInt64(8 * index) }
        return value
    }

    /// The interpreter and its one argument that a script's first line names, or nil when `head` is no script.
    /// - Throws: `ENOEXEC` when the line names none.
    package static func interpreterLine(_ head: [UInt8]) throws(Errno) -> (path: [UInt8], argument: [UInt8]?)? {
        guard head.starts(with: "#!".utf8) else { return nil }
        // Linux looks at the first 256 bytes.
        let line = head.prefix(256).dropFirst(2).prefix { $0 != 0x0A && $0 != 0 }
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
        let text = line.drop(while: isBlank)
        let path = text.prefix { !isBlank($0) }
        guard !path.isEmpty else { throw .execFormatError }
        var rest = text[path.endIndex...].drop(while: isBlank)
        while let last = rest.last, isBlank(last) { rest.removeLast() }
        return (Array(path), rest.isEmpty ? nil : Array(rest))
    }
}

private let EM_X86_64 = 62
