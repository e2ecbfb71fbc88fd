import CShimMessages
import RPC

/// An answer as it travels in a response frame (ttrpc.proto, `Response`).
public struct Response: Equatable, Sendable {
    /// The encoded result, or why there is none.
    public var result: Result<[UInt8], TTRPCError>

    /// An answer to be sent.
    public init(_ result: Result<[UInt8], TTRPCError>) { self.result = result }

    /// The answer in a response frame's data.
    ///
    /// - Throws: `TTRPCError` when the data is no response.
    init(decoding data: [UInt8]) throws {
        self = try decodeMessage(data, ttrpc__response__unpack) { message in
            if let status = message.status?.pointee, status.code != 0 {
                return Response(.failure(TTRPCError(RPCCode(rawValue: status.code) ?? .unknown, text(status.message))))
            }
            return Response(.success(bytes(message.payload)))
        }
    }

    /// The data of a response frame.
    var encoded: [UInt8] {
        let arena = MessageArena()
        let message: Ttrpc__Response = makeMessage(ttrpc__response__init) { message in
            switch result {
            case .success(let payload): message.payload = arena.bytes(payload)
            case .failure(let error):
                message.status = arena.message(
                    makeMessage(google__rpc__status__init) {
                        $0.code = error.code.rawValue
                        $0.message = arena.string(error.message)
                    })
            }
        }
        return withExtendedLifetime(arena) { encodeMessage(message) }
    }
}
