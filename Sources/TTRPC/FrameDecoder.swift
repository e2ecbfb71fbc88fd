/// Cuts a byte stream into frames. Data beyond the maximum is skipped as it comes in, never stored.
public struct FrameDecoder: Sendable {
    /// What the bytes held.
    public enum Item: Equatable, Sendable {
        case frame(Frame)
        /// A frame whose data is too long; its bytes are being thrown away.
        case oversized(stream: UInt32, kind: Frame.Kind, length: Int)
    }

    private var header: [UInt8] = []
    private var data: [UInt8] = []
    private var missing = 0
    private var skipping = 0

    /// A decoder at the start of a stream.
    public init() {}

    /// Whether the stream stands between two frames: its end here cuts nothing off.
    public var isAtBoundary: Bool { header.isEmpty && skipping == 0 }

    /// Takes in `bytes`, and hands out what they complete.
    public mutating func receive(_ bytes: UnsafeRawBufferPointer) -> [Item] {
        var items: [Item] = []
        var rest = bytes[...]
        while true {
            if skipping > 0 {
                let count = min(skipping, rest.count)
                skipping -= count
                rest = rest.dropFirst(count)
                if skipping > 0 { return items }
            }
            if header.count < Frame.headerSize {
                let part = rest.prefix(Frame.headerSize - header.count)
                header.append(contentsOf: part)
                rest = rest.dropFirst(part.count)
                guard header.count == Frame.headerSize else { return items }
                missing = Int(word(at: 0))
                if missing > Frame.maximumDataSize {
                    items.append(.oversized(stream: word(at: 4), kind: kind, length: missing))
                    skipping = missing
                    header.removeAll()
                    continue
                }
            }
            // Room is made as data comes in, not as the header promises.
            let part = rest.prefix(missing)
            data.append(contentsOf: part)
            missing -= part.count
            rest = rest.dropFirst(part.count)
            guard missing == 0 else { return items }
            items.append(
                .frame(Frame(stream: word(at: 4), kind: kind, flags: Frame.Flags(rawValue: header[9]), data: data)))
            header.removeAll()
            data = []
        }
    }

    private var kind: Frame.Kind { Frame.Kind(rawValue: header[8]) }

    private func word(at offset: Int) -> UInt32 {
        header[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }
}
