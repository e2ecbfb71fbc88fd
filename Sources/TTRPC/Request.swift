import CShimMessages

/// A call as it travels in a request frame (ttrpc.proto, `Request`).
public struct Request: Equatable, Sendable {
    /// The metadata key that carries containerd's namespace.
    public static let namespaceKey = "containerd-namespace-ttrpc"

    /// The service's full name, such as `containerd.task.v2.Task`.
    public var service: String
    /// The method's name, such as `Create`.
    public var method: String
    /// The encoded argument.
    public var payload: [UInt8]
    /// How long the caller waits, in nanoseconds; 0 for ever.
    public var timeoutNanoseconds: Int64
    /// Keys and values, in order.
    public var metadata: [KeyValue]

    /// One pair of metadata.
    public struct KeyValue: Equatable, Sendable {
        /// Such as `containerd-namespace-ttrpc`.
        public var key: String
        /// Its value.
        public var value: String

        /// A pair.
        public init(_ key: String, _ value: String) {
            self.key = key
            self.value = value
        }
    }

    /// A call to be made.
    public init(
        service: String, method: String, payload: [UInt8], timeoutNanoseconds: Int64 = 0, metadata: [KeyValue] = []
    ) {
        self.service = service
        self.method = method
        self.payload = payload
        self.timeoutNanoseconds = timeoutNanoseconds
        self.metadata = metadata
    }

    /// The call in a request frame's data.
    ///
    /// - Throws: `TTRPCError` (invalid argument) when the data is no request.
    init(decoding data: [UInt8]) throws {
        do {
            self = try decodeMessage(data, ttrpc__request__unpack) { message in
                Request(
                    service: text(message.service), method: text(message.method), payload: bytes(message.payload),
                    timeoutNanoseconds: message.timeout_nano,
                    metadata: (0..<message.n_metadata).compactMap { index in
                        message.metadata[index].map { KeyValue(text($0.pointee.key), text($0.pointee.value)) }
                    })
            }
        } catch {
            throw TTRPCError(.invalidArgument, "unmarshal request error: not a ttrpc.Request")
        }
    }

    /// The data of a request frame.
    var encoded: [UInt8] {
        let arena = MessageArena()
        let message: Ttrpc__Request = makeMessage(ttrpc__request__init) { message in
            message.service = arena.string(service)
            message.method = arena.string(method)
            message.payload = arena.bytes(payload)
            message.timeout_nano = timeoutNanoseconds
            message.n_metadata = metadata.count
            message.metadata = arena.repeated(
                metadata.map { pair in
                    makeMessage(ttrpc__key_value__init) {
                        $0.key = arena.string(pair.key)
                        $0.value = arena.string(pair.value)
                    }
                })
        }
        return withExtendedLifetime(arena) { encodeMessage(message) }
    }
}
