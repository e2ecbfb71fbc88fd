// Unsafe pointers: protobuf-c's messages are C structs that point to memory which somebody has to own.
import CShimMessages

/// Memory for what a message being built points to; freed with the arena.
public final class MessageArena {
    private var blocks: [UnsafeMutableRawPointer] = []

    /// An arena that owns nothing yet.
    public init() {}

    deinit {
        for block in blocks { block.deallocate() }
    }

    /// A C string for a field; one that is empty is left out of the encoding.
    public func string(_ text: String) -> UnsafeMutablePointer<CChar> {
        var text = text
        return text.withUTF8 { utf8 in
            let block = allocate(utf8.count + 1)
            block.copyMemory(from: utf8.baseAddress ?? UnsafePointer(bitPattern: 1)!, byteCount: utf8.count)
            block.storeBytes(of: 0, toByteOffset: utf8.count, as: UInt8.self)
            return block.assumingMemoryBound(to: CChar.self)
        }
    }

    /// A field of bytes.
    public func bytes(_ bytes: [UInt8]) -> ProtobufCBinaryData {
        guard !bytes.isEmpty else { return ProtobufCBinaryData() }
        let block = allocate(bytes.count)
        bytes.withUnsafeBytes { block.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
        return ProtobufCBinaryData(len: bytes.count, data: block.assumingMemoryBound(to: UInt8.self))
    }

    /// A field that holds a message.
    public func message<M>(_ message: M) -> UnsafeMutablePointer<M> {
        let pointer = allocate(MemoryLayout<M>.size).bindMemory(to: M.self, capacity: 1)
        pointer.initialize(to: message)
        return pointer
    }

    /// A repeated field of messages.
    public func repeated<M>(_ messages: [M]) -> UnsafeMutablePointer<UnsafeMutablePointer<M>?>? {
        guard !messages.isEmpty else { return nil }
        let size = MemoryLayout<UnsafeMutablePointer<M>?>.stride * messages.count
        let list = allocate(size).bindMemory(to: UnsafeMutablePointer<M>?.self, capacity: messages.count)
        for (index, message) in messages.enumerated() { (list + index).initialize(to: self.message(message)) }
        return list
    }

    /// A repeated field of strings.
    public func strings(_ strings: [String]) -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? {
        guard !strings.isEmpty else { return nil }
        let size = MemoryLayout<UnsafeMutablePointer<CChar>?>.stride * strings.count
        let list = allocate(size).bindMemory(to: UnsafeMutablePointer<CChar>?.self, capacity: strings.count)
        for (index, text) in strings.enumerated() { (list + index).initialize(to: string(text)) }
        return list
    }

    private func allocate(_ size: Int) -> UnsafeMutableRawPointer {
        let block = UnsafeMutableRawPointer.allocate(byteCount: max(size, 1), alignment: 16)
        blocks.append(block)
        return block
    }
}

/// A fresh message: `initialize` is the generated `..._init`.
public func makeMessage<M>(
    _ initialize: (UnsafeMutablePointer<M>) -> Void, _ configure: (inout M) -> Void = { _ in }
) -> M {
    let pointer = UnsafeMutablePointer<M>.allocate(capacity: 1)
    defer { pointer.deallocate() }
    initialize(pointer)
    configure(&pointer.pointee)
    return pointer.move()
}

/// The encoded form of an initialised message.
public func encodeMessage<M>(_ message: M) -> [UInt8] {
    withUnsafePointer(to: message) { pointer in
        pointer.withMemoryRebound(to: ProtobufCMessage.self, capacity: 1) { base in
            let size = protobuf_c_message_get_packed_size(base)
            return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
                count = buffer.isEmpty ? 0 : protobuf_c_message_pack(base, buffer.baseAddress!)
            }
        }
    }
}

/// Decodes `bytes` with the generated `..._unpack`, lets `body` read the message, and frees it.
///
/// - Throws: `TTRPCError` (invalid argument) when the bytes are no such message; whatever `body` throws.
public func decodeMessage<M, R>(
    _ bytes: [UInt8],
    _ unpack: (UnsafeMutablePointer<ProtobufCAllocator>?, Int, UnsafePointer<UInt8>?) -> UnsafeMutablePointer<M>?,
    _ body: (M) throws -> R
) throws -> R {
    let message = bytes.withUnsafeBufferPointer { unpack(nil, $0.count, $0.baseAddress) }
    guard let message else {
        throw TTRPCError(.invalidArgument, "unmarshal payload error: \(M.self)")
    }
    defer {
        message.withMemoryRebound(to: ProtobufCMessage.self, capacity: 1) {
            protobuf_c_message_free_unpacked($0, nil)
        }
    }
    return try body(message.pointee)
}

/// The text of a message's string field.
public func text(_ field: UnsafePointer<CChar>?) -> String {
    field.map { String(cString: $0) } ?? ""
}

/// The bytes of a message's bytes field.
public func bytes(_ field: ProtobufCBinaryData) -> [UInt8] {
    [UInt8](UnsafeBufferPointer(start: field.data, count: field.len))
}
