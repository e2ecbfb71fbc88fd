/// One frame of the ttrpc protocol (PROTOCOL.md, "Message Frame"): a header of ten bytes and data.
public struct Frame: Equatable, Sendable {
    /// The header's size in bytes.
    public static let headerSize = 10
    /// The largest data that a peer takes, in bytes; what is longer is refused and skipped.
    public static let maximumDataSize = 4 << 20

    /// Odd numbers are chosen by the client and grow.
    public var stream: UInt32
    /// What the data is.
    public var kind: Kind
    /// What it says of the stream's state.
    public var flags: Flags
    /// A `Request`, a `Response` or a stream's message.
    public var data: [UInt8]

    /// A frame to be sent.
    public init(stream: UInt32, kind: Kind, flags: Flags = [], data: [UInt8]) {
        self.stream = stream
        self.kind = kind
        self.flags = flags
        self.data = data
    }

    /// A frame's type byte; those that nobody has defined yet are ignored by a peer.
    public struct Kind: RawRepresentable, Equatable, Sendable {
        /// The byte on the wire.
        public var rawValue: UInt8

        /// Any byte.
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// A client's `Request`.
        public static let request = Kind(rawValue: 1)
        /// A server's `Response`.
        public static let response = Kind(rawValue: 2)
        /// A message of a stream.
        public static let data = Kind(rawValue: 3)
    }

    /// A frame's flags byte.
    public struct Flags: OptionSet, Sendable {
        /// The byte on the wire.
        public var rawValue: UInt8

        /// Any byte.
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// The sender sends no more on this stream.
        public static let remoteClosed = Flags(rawValue: 1)
        /// The sender will send more on this stream.
        public static let remoteOpen = Flags(rawValue: 2)
        /// There is no message in this frame.
        public static let noData = Flags(rawValue: 4)
    }

    /// Appends the frame's bytes to `output`.
    public func encode(into output: inout [UInt8]) {
        output.reserveCapacity(output.count + Frame.headerSize + data.count)
        Frame.append(UInt32(data.count), to: &output)
        Frame.append(stream, to: &output)
        output.append(kind.rawValue)
        output.append(flags.rawValue)
        output.append(contentsOf: data)
    }

    private static func append(_ value: UInt32, to output: inout [UInt8]) {
        for shift in [24, 16, 8, 0] as [UInt32] { output.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }
}
