import ArgumentParser
import ContainerdAPI
import Foundation
import Host
import SwiftProtobuf
import SystemPackage
import TTRPC

/// `ukmanager publish`: what shims without ttrpc call as their publish binary; the event comes in on standard input.
struct PublishCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish", abstract: "Publishes the event on standard input (an encoded Any).")

    @Option(name: .shortAndLong, help: "The manager's gRPC socket.")
    var address: String = Folders.current.managerSocket.string
    @Option(name: .long, help: "The event's namespace.")
    var namespace: String
    @Option(name: .long, help: "The event's topic.")
    var topic: String

    func run() throws {
        var request = Containerd_Services_Events_Ttrpc_V1_ForwardRequest()
        request.envelope.timestamp = .now
        request.envelope.namespace = namespace
        request.envelope.topic = topic
        request.envelope.event = try Google_Protobuf_Any(
            serializedBytes: FileHandle.standardInput.readToEnd() ?? Data())
        let client = try BlockingClient(connectingTo: address + ".ttrpc")
        _ = try client.call(
            Request(
                service: TTRPCEventsService.name, method: "Forward", payload: try request.serializedBytes(),
                timeoutNanoseconds: 10_000_000_000,
                metadata: [Request.KeyValue(Request.namespaceKey, namespace)]))
    }
}
