import Archive
import ContainerdAPI
import Crypto
import Foundation
import GRPC
import Host
import Logging
import Manager
import RPC
import SwiftProtobuf
import SystemPackage
import TestSupport

/// A manager in folders of a test's own, and a client of it.
final class Fixture {
    private let scratch: ScratchFolder
    let manager: Manager
    let channel: GRPCChannel
    let options = CallOptions(metadata: ["containerd-namespace": "test"], timeout: .seconds(300))

    static func start(processors: [StreamProcessor] = []) async throws -> Fixture {
        let scratch = ScratchFolder()
        let manager = try await make(scratch.path, processors)
        try await manager.start()
        return try Fixture(
            scratch: scratch, manager: manager,
            channel: GRPCChannel(unixSocket: configuration(scratch.path).address.string))
    }

    private static func configuration(_ path: FilePath) -> ManagerConfiguration {
        ManagerConfiguration(
            folders: Folders(
                runtime: path.appending("run"), data: path.appending("data"), configuration: path.appending("config")))
    }

    private static func make(_ folder: FilePath, _ processors: [StreamProcessor] = []) async throws -> Manager {
        var configuration = configuration(folder)
        configuration.streamProcessors = processors
        return try await Manager(
            configuration: configuration, log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// One more manager in the same folders.
    func another() async throws -> Manager { try await Self.make(scratch.path) }

    private init(scratch: ScratchFolder, manager: Manager, channel: GRPCChannel) {
        self.scratch = scratch
        self.manager = manager
        self.channel = channel
    }

    func stop() async {
        await manager.stop()
    }

    func call<Request, Response>(
        _ method: UnaryMethod<Request, Response>, _ change: (inout Request) -> Void
    ) async throws -> Response where Request: SwiftProtobuf.Message, Response: SwiftProtobuf.Message {
        var request = Request()
        change(&request)
        return try await channel.call(method, request, options: options)
    }

    func write(
        _ requests: [Containerd_Services_Content_V1_WriteContentRequest]
    ) async throws -> [Containerd_Services_Content_V1_WriteContentResponse] {
        let call = channel.open(ContentService.write, options: options)
        var responses: [Containerd_Services_Content_V1_WriteContentResponse] = []
        for request in requests {
            try await call.send(request)
            guard let response = try await call.receive() else { break }
            responses.append(response)
        }
        await call.finish()
        while let response = try await call.receive() { responses.append(response) }
        return responses
    }

    func put(_ bytes: [UInt8], ref: String = "ref") async throws -> String {
        try await write([
            .with {
                $0.action = .write
                $0.ref = ref
                $0.data = Data(bytes)
            },
            .with {
                $0.action = .commit
                $0.offset = Int64(bytes.count)
            },
        ]).last!.digest
    }
}

func failure(_ body: () async throws -> Void) async -> RPCError? {
    do {
        try await body()
        return nil
    } catch {
        return error as? RPCError ?? RPCError(.unknown, "\(error)")
    }
}

func digest(_ bytes: [UInt8]) -> String {
    "sha256:" + SHA256.hash(data: bytes).map { String(format: "%02x", $0) }.joined()
}

func tar(_ compression: Compression, _ body: (ArchiveWriter) throws -> Void) throws -> [UInt8] {
    var bytes: [UInt8] = []
    let writer = try ArchiveWriter(compression: compression) { bytes.append(contentsOf: $0) }
    try body(writer)
    try writer.finish()
    return bytes
}
