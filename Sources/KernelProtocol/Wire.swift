// Members that carry no comment are said by their names; initializers take them, and read and write them in their order.
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

/// Writes the values of a message one after the other: little-endian integers, and strings and lists with their
/// length before them. There are no tags: both sides are of one release, and `Message.version` says so.
public struct WireWriter: Sendable {
    public private(set) var bytes: [UInt8] = []

    public init() {}

    public mutating func write(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    public mutating func write(_ value: Bool) {
        bytes.append(value ? 1 : 0)
    }

    public mutating func write(_ value: String) {
        let utf8 = value.utf8
        write(UInt32(utf8.count))
        bytes.append(contentsOf: utf8)
    }

    public mutating func write(_ value: (some WireValue)?) {
        write(value != nil)
        if let value { value.write(to: &self) }
    }

    public mutating func write(_ values: [some WireValue]) {
        write(UInt32(values.count))
        for value in values { value.write(to: &self) }
    }
}

/// Reads what `WireWriter` wrote.
public struct WireReader {
    private var bytes: ArraySlice<UInt8>

    public init(_ bytes: [UInt8]) {
        self.bytes = bytes[...]
    }

    /// Whether all of the message has been read.
    public var isAtEnd: Bool { bytes.isEmpty }

    /// The next integer.
    /// - Throws: `WireError.truncated` at the end of the message.
    public mutating func read<T: FixedWidthInteger>(_: T.Type = T.self) throws -> T {
        let size = MemoryLayout<T>.size
        guard bytes.count >= size else { throw WireError.truncated }
        var value = T.zero
        for (index, byte) in bytes.prefix(size).enumerated() {
            value |= T(truncatingIfNeeded: UInt64(byte)) << T(index * 8)
        }
        bytes = bytes.dropFirst(size)
        return value
    }

    public mutating func read(_: Bool.Type = Bool.self) throws -> Bool {
        try read(UInt8.self) != 0
    }

    public mutating func read(_: String.Type = String.self) throws -> String {
        let count = Int(try read(UInt32.self))
        guard bytes.count >= count else { throw WireError.truncated }
        defer { bytes = bytes.dropFirst(count) }
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    public mutating func read<T: WireValue>(_: T?.Type = T?.self) throws -> T? {
        try read(Bool.self) ? try T(from: &self) : nil
    }

    public mutating func read<T: WireValue>(_: [T].Type = [T].self) throws -> [T] {
        let count = try read(UInt32.self)
        // Every element takes a byte at least, so a count beyond what is left is a lie: say so before making room.
        guard count <= bytes.count else { throw WireError.truncated }
        return try (0..<count).map { _ in try T(from: &self) }
    }
}

/// A value that can stand in a message.
public protocol WireValue: Sendable {
    init(from reader: inout WireReader) throws
    func write(to writer: inout WireWriter)
}

extension String: WireValue {
    public init(from reader: inout WireReader) throws { self = try reader.read(String.self) }
    public func write(to writer: inout WireWriter) { writer.write(self) }
}

extension UInt32: WireValue {
    public init(from reader: inout WireReader) throws { self = try reader.read(UInt32.self) }
    public func write(to writer: inout WireWriter) { writer.write(self) }
}

extension Int32: WireValue {
    public init(from reader: inout WireReader) throws { self = try reader.read(Int32.self) }
    public func write(to writer: inout WireWriter) { writer.write(self) }
}

extension Int64: WireValue {
    public init(from reader: inout WireReader) throws { self = try reader.read(Int64.self) }
    public func write(to writer: inout WireWriter) { writer.write(self) }
}

/// A message that cannot be read.
public enum WireError: Error, Sendable, CustomStringConvertible {
    case truncated
    case unknownKind(UInt8)
    case tooLarge(UInt32)
    case wrongVersion(UInt8)
    case closed

    public var description: String {
        switch self {
        case .truncated: "kernel message ends before its last field"
        case .unknownKind(let kind): "kernel message of unknown kind \(kind)"
        case .tooLarge(let size): "kernel message of \(size) bytes is over the limit of \(Message.limit)"
        case .wrongVersion(let version): "kernel message of version \(version), this release speaks \(Message.version)"
        case .closed: "the kernel closed its control socket in the middle of a message"
        }
    }
}
