import ContainerdAPI
import Foundation
import Logging
import RPC
import SwiftProtobuf
import Synchronization
import SystemPackage
import TTRPC
import TTRPCClient

/// The shim died before it answered, and with it what it looked after.
struct ShimLost: Error, RPCErrorConvertible {
    var id: String

    var rpcError: RPCError { RPCError(.notFound, "task \(id) not found") }
}

/// A shim that runs, as the manager sees it: what a task is and does, only the shim knows.
final class Shim: Sendable {
    /// How a task ended.
    struct Exit: Sendable {
        var pid: UInt32
        var status: UInt32
        var at: Google_Protobuf_Timestamp
    }

    let bundle: Bundle
    let binary: FilePath
    /// Where it listens; the tasks of a pod share a shim.
    let address: String
    let log: ShimLog?
    private let connection: TTRPCConnection
    private let state = Mutex(State())

    private struct State {
        /// The process ids that the shim named, by exec id; empty for the task itself.
        var pids: [String: UInt32] = [:]
        var isLeaving = false
        var exit: Exit?
        var waiting: [CheckedContinuation<Exit, Never>] = []
    }

    init(bundle: Bundle, binary: FilePath, address: String, log: ShimLog?, connection: TTRPCConnection) {
        self.bundle = bundle
        self.address = address
        self.binary = binary
        self.log = log
        self.connection = connection
    }

    /// Calls a method of the shim's task service.
    func call<Request: Message, Response: Message>(
        _ method: UnaryMethod<Request, Response>, _ request: Request, timeout: Duration? = nil
    ) async throws -> Response {
        let parts = method.path.split(separator: "/")
        do {
            let bytes = try await connection.call(
                service: String(parts[0]), method: String(parts[1]), payload: try request.serializedBytes(),
                timeout: timeout, metadata: [("containerd-namespace-ttrpc", bundle.namespace)])
            return try Response(serializedBytes: bytes)
        } catch let error as TTRPCError {
            if error.code == .unavailable, connection.isClosed { throw ShimLost(id: bundle.id) }
            throw error.rpcError
        }
    }

    /// Whether the connection is lost.
    var isLost: Bool { connection.isClosed }

    /// Returns when the shim is gone.
    func waitUntilLost() async { await connection.waitUntilClosed() }

    /// Closes the connection.
    func close() { connection.close() }

    // MARK: What is remembered for the case that the shim dies

    /// The task's process id, as far as it was told.
    var pid: UInt32 {
        get { state.withLock { $0.pids[""] ?? 0 } }
        set { state.withLock { $0.pids[""] = newValue } }
    }

    /// Whether the shim is about to end because it was told to.
    var isLeaving: Bool {
        get { state.withLock { $0.isLeaving } }
        set { state.withLock { $0.isLeaving = newValue } }
    }

    /// Says how the task ended, after the shim itself died.
    func ended(_ exit: Exit) {
        let waiting = state.withLock { state in
            state.exit = exit
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume(returning: exit) }
    }

    /// How the task ended: what the manager found out after the shim died.
    func exit() async -> Exit {
        await withCheckedContinuation { continuation in
            let exit: Exit? = state.withLock { state in
                if state.exit == nil { state.waiting.append(continuation) }
                return state.exit
            }
            if let exit { continuation.resume(returning: exit) }
        }
    }
}
