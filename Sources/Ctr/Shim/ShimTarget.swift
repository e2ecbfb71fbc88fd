import ArgumentParser
import Glibc
import Host
import OCISpec
import SwiftProtobuf
import TTRPC

/// Which shim a command speaks to, and how.
struct ShimTarget: ParsableArguments {
    @Option(help: "The container.")
    var id: String?
    @Option(name: [.customShort("n"), .long], help: "The container's namespace.")
    var namespace = "default"
    @Option(help: "The shim's socket: unix:// and a path, or a path.")
    var address: String?
    @Option(help: "How results are printed: table or json.")
    var format = OutputFormat.table
    @Option(help: "The longest that a call may take, such as 10s.")
    var timeout: CommandDuration?

    func validate() throws {
        guard id != nil || address != nil else {
            throw ValidationError("give the container's --id or the shim's --address")
        }
    }

    /// The container that calls name. With a socket alone it is read off the socket's bundle.
    var container: String { get throws { try id ?? containerBehindAddress() } }

    /// Makes a call.
    ///
    /// - Throws: `TTRPCError`.
    func call<Answer: Message>(_ method: String, _ request: some Message, timeout limit: Duration? = nil) throws
        -> Answer
    {
        let client = try BlockingClient(connectingTo: try socket())
        let (seconds, attoseconds) = (timeout?.duration ?? limit ?? .zero).components
        let payload: [UInt8] = try request.serializedBytes()
        let answer = try client.call(
            TTRPC.Request(
                service: "containerd.task.v2.Task", method: method, payload: payload,
                timeoutNanoseconds: seconds * 1_000_000_000 + attoseconds / 1_000_000_000,
                metadata: [TTRPC.Request.KeyValue(TTRPC.Request.namespaceKey, namespace)]))
        return try Answer(serializedBytes: answer)
    }

    /// Prints `message` as JSON or `table`.
    func show(_ message: some Message, _ table: @autoclosure () -> Table) throws {
        switch format {
        case .json: print(try message.jsonString())
        case .table: table().print()
        }
    }

    private func socket() throws -> String {
        if let address { return address }
        let id = id ?? ""
        for bundle in bundles(namespace, id) {
            if let address = readSmallFile(bundle + "/address") { return address }
        }
        throw TTRPCError(
            .notFound, "no shim of container \(id) in namespace \(namespace): give its socket with --address")
    }

    /// Where managers keep a container's bundle.
    private func bundles(_ namespace: String, _ id: String) -> [String] {
        [Folders.current.runtime.appending("manager").string, "/run/containerd"].map {
            "\($0)/io.containerd.runtime.v2.task/\(namespace)/\(id)"
        }
    }

    private func containerBehindAddress() throws -> String {
        let wanted = (address ?? "").split(separator: "/").last
        for parent in bundles(namespace, "") {
            guard let folder = opendir(parent) else { continue }
            defer { closedir(folder) }
            while let entry = readdir(folder) {
                let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                    String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
                }
                if readSmallFile("\(parent)\(name)/address")?.split(separator: "/").last == wanted { return name }
            }
        }
        throw TTRPCError(.notFound, "which container the shim at \(address ?? "") serves is not known: give its --id")
    }
}
