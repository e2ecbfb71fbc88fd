/// Takes apart the stream of a container without a terminal: the Engine API sends frames of an 8-byte header (the
/// stream's number, three zeros, the length in network order) and the bytes ("Attach to a container", stream format).
public struct StreamDemultiplexer: Sendable {
    /// Which stream a piece belongs to.
    public enum Channel: UInt8, Sendable {
        case input = 0
        case output = 1
        case error = 2
        /// An error of the engine itself, as text.
        case system = 3
    }

    /// Some bytes of one stream; a long frame arrives in several pieces.
    public struct Piece: Sendable, Equatable {
        /// The stream.
        public var channel: Channel
        /// The bytes.
        public var bytes: ArraySlice<UInt8>
    }

    /// A header that is none.
    public struct Failure: Error, CustomStringConvertible, Equatable {
        /// The header's first byte.
        public var number: UInt8

        /// A header that begins with `number`.
        public init(number: UInt8) { self.number = number }

        /// The failure in words.
        public var description: String { "unrecognized stream: \(number)" }
    }

    private var header: [UInt8] = []
    private var channel = Channel.output
    private var remaining = 0

    /// A demultiplexer at the start of a stream.
    public init() {}

    /// Takes the next bytes of the connection and returns the pieces that they hold.
    ///
    /// - Throws: `Failure` when a header names no stream that is known.
    public mutating func append(_ bytes: [UInt8]) throws -> [Piece] {
        var pieces: [Piece] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            if remaining > 0 {
                let part = rest.prefix(remaining)
                pieces.append(Piece(channel: channel, bytes: part))
                remaining -= part.count
                rest = rest.dropFirst(part.count)
                continue
            }
            let part = rest.prefix(8 - header.count)
            header += part
            rest = rest.dropFirst(part.count)
            if header.count == 8 {
                guard let known = Channel(rawValue: header[0]) else { throw Failure(number: header[0]) }
                channel = known
                remaining = header[4...].reduce(0) { $0 << 8 | Int($1) }
                header.removeAll(keepingCapacity: true)
            }
        }
        return pieces
    }
}
