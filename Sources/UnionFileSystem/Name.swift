/// One component of a path: any bytes but NUL and `/`. Up to 16 bytes are held without an allocation, since nearly every
/// name that a program looks up is that short.
package struct Name: Hashable, Sendable {
    private var low: UInt64
    private var high: UInt64
    private var rest: [UInt8]

    /// Copies the bytes, of which none is NUL.
    package init(_ bytes: UnsafeRawBufferPointer) {
        var head: (UInt64, UInt64) = (0, 0)
        withUnsafeMutableBytes(of: &head) { $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes.prefix(16))) }
        (low, high) = head
        rest = bytes.count > 16 ? Array(bytes[16...]) : []
    }

    package init(_ bytes: [UInt8]) {
        self = bytes.withUnsafeBytes { Name($0) }
    }

    package init(_ text: String) {
        self.init(Array(text.utf8))
    }

    /// Number of bytes.
    package var count: Int {
        if !rest.isEmpty { return 16 + rest.count }
        if high != 0 { return 16 - UInt64(littleEndian: high).leadingZeroBitCount / 8 }
        return 8 - UInt64(littleEndian: low).leadingZeroBitCount / 8
    }

    package var isEmpty: Bool { low == 0 }

    /// Copies the bytes to `target`, which has room for them; returns their number.
    @discardableResult
    package func copy(to target: UnsafeMutableRawPointer) -> Int {
        let count = count
        withUnsafeBytes(of: (low, high)) { target.copyMemory(from: $0.baseAddress!, byteCount: min(count, 16)) }
        if count > 16 { rest.withUnsafeBytes { (target + 16).copyMemory(from: $0.baseAddress!, byteCount: $0.count) } }
        return count
    }

    package var bytes: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, size in
            size = copy(to: UnsafeMutableRawPointer(buffer.baseAddress!))
        }
    }

    package var string: String { String(decoding: bytes, as: UTF8.self) }

    /// Whether the name begins with `.wh.`, which only whiteouts and the file system's own files do.
    package var isMarker: Bool {
        UInt32(truncatingIfNeeded: UInt64(littleEndian: low)) == 0x2e68_772e
    }

    /// Whether it is a marker that is no whiteout: begins with `.wh..wh.`.
    package var isOwnMarker: Bool { UInt64(littleEndian: low) == 0x2e68_772e_2e68_772e }

    /// The whiteout that hides this name in layers below.
    package var whiteout: Name { Name([0x2e, 0x77, 0x68, 0x2e] + bytes) }

    static let opaqueMarker = Name(".wh..wh..opq")
    static let specialMarker = Name(".wh..wh.special")
    static let workFolder = Name(".wh..wh.work")
}
