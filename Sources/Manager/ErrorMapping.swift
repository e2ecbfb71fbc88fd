import Archive
import Host
import RPC
import SystemPackage
import TTRPC

// What the libraries below throw, in the words of the API.

extension HostError: RPCErrorConvertible {
    /// Not found, permission denied, resource exhausted or unknown, by the error number.
    public var rpcError: RPCError {
        let code: RPCCode =
            switch errno {
            case .noSuchFileOrDirectory: .notFound
            case .permissionDenied, .notPermitted: .permissionDenied
            case .noSpace, .diskQuotaExceeded, .tooManyOpenFiles, .tooManyOpenFilesInSystem, .noMemory:
                .resourceExhausted
            case .fileExists: .alreadyExists
            default: .unknown
            }
        return RPCError(code, description)
    }
}

extension ArchiveError: RPCErrorConvertible {
    /// Invalid argument for what the client's bytes are to blame for.
    public var rpcError: RPCError {
        switch self {
        case .tooLarge: RPCError(.resourceExhausted, description)
        case .cancelled: RPCError(.cancelled, description)
        case .malformed, .escapes, .unsupported: RPCError(.invalidArgument, description)
        }
    }
}

extension TTRPCError: RPCErrorConvertible {
    /// The same code and message: the codes are gRPC's.
    public var rpcError: RPCError { RPCError(code, message) }
}
