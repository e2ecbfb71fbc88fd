import ArgumentParser
import ContainerdAPI
import Glibc
import Host
import OCISpec
import SwiftProtobuf
import SystemPackage
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

    /// Makes a call about the container.
    ///
    /// - Throws: `TTRPCError`.
    func call<Answer: Message>(_ method: String, _ request: some ContainerRequest) throws -> Answer {
        var request = request
        request.id = try container
        let client = try BlockingClient(connectingTo: try socket())
        let (seconds, attoseconds) = (timeout?.duration ?? .zero).components
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
            for name in (try? Folders.names(in: FilePath(parent))) ?? []
            where readSmallFile("\(parent)\(name)/address")?.split(separator: "/").last == wanted { return name }
        }
        throw TTRPCError(.notFound, "which container the shim at \(address ?? "") serves is not known: give its --id")
    }
}

/// Which process of a container a command is about.
struct ShimProcess: ParsableArguments {
    @OptionGroup var target: ShimTarget
    @Option(help: "An exec'd process in place of the container's first.")
    var execID = ""

    init() {}

    init(_ target: ShimTarget, _ execID: String) {
        self.target = target
        self.execID = execID
    }

    /// Makes a call about the process.
    ///
    /// - Throws: `TTRPCError`.
    func call<Answer: Message>(_ method: String, _ request: some ProcessRequest) throws -> Answer {
        var request = request
        request.execID = execID
        return try target.call(method, request)
    }
}

/// A request that names a container.
protocol ContainerRequest: Message { var id: String { get set } }
/// A request that names a process of a container: the first one, when `execID` is empty.
protocol ProcessRequest: ContainerRequest { var execID: String { get set } }

extension Containerd_Task_V2_ConnectRequest: ContainerRequest {}
extension Containerd_Task_V2_PauseRequest: ContainerRequest {}
extension Containerd_Task_V2_PidsRequest: ContainerRequest {}
extension Containerd_Task_V2_ResumeRequest: ContainerRequest {}
extension Containerd_Task_V2_ShutdownRequest: ContainerRequest {}
extension Containerd_Task_V2_StatsRequest: ContainerRequest {}
extension Containerd_Task_V2_CloseIORequest: ProcessRequest {}
extension Containerd_Task_V2_DeleteRequest: ProcessRequest {}
extension Containerd_Task_V2_ExecProcessRequest: ProcessRequest {}
extension Containerd_Task_V2_KillRequest: ProcessRequest {}
extension Containerd_Task_V2_ResizePtyRequest: ProcessRequest {}
extension Containerd_Task_V2_StartRequest: ProcessRequest {}
extension Containerd_Task_V2_StateRequest: ProcessRequest {}
extension Containerd_Task_V2_WaitRequest: ProcessRequest {}
