// Unsafe pointers: protobuf-c's messages.
import CShimMessages
import Shim
import TTRPC

/// The messages that the shim takes from containerd. The first byte chooses one.
enum ShimMessageTarget: FuzzTarget {
    static let name = "shim-messages"

    static func run(_ bytes: UnsafeRawBufferPointer) {
        guard let first = bytes.first else { return }
        let data = [UInt8](bytes.dropFirst())
        switch first % 8 {
        case 0: try? create(data)
        case 1: try? execute(data)
        case 2:
            _ = try? decodeMessage(data, containerd__task__v3__kill_request__unpack) {
                (text($0.id), text($0.exec_id), $0.signal, $0.all)
            }
        case 3:
            _ = try? decodeMessage(data, containerd__task__v3__update_task_request__unpack) {
                (text($0.id), $0.resources.map { content($0.pointee) })
            }
        case 4:
            _ = try? decodeMessage(data, containerd__runc__v1__options__unpack) {
                (text($0.binary_name), text($0.root), text($0.io_uid.description))
            }
        case 5:
            _ = try? decodeMessage(data, containerd__types__runtime_request__unpack) {
                $0.options.map { content($0.pointee) }
            }
        case 6:
            _ = try? decodeMessage(data, containerd__services__events__ttrpc__v1__forward_request__unpack) {
                $0.envelope.map { (text($0.pointee.namespace_), text($0.pointee.topic)) }
            }
        default:
            _ = try? decodeMessage(data, io__containerd__cgroups__v1__metrics__unpack) { $0.n_network }
        }
    }

    private static func create(_ data: [UInt8]) throws {
        try decodeMessage(data, containerd__task__v3__create_task_request__unpack) { request in
            for index in 0..<request.n_rootfs {
                guard let mount = request.rootfs[index]?.pointee else { continue }
                _ = (text(mount.type), text(mount.source), text(mount.target))
                for option in 0..<mount.n_options { _ = text(mount.options[option]) }
            }
            _ = (
                text(request.id), text(request.bundle), text(request.stdin),
                request.options.map { content($0.pointee) }
            )
        }
    }

    private static func execute(_ data: [UInt8]) throws {
        try decodeMessage(data, containerd__task__v3__exec_process_request__unpack) { request in
            guard let specification = request.spec.map({ content($0.pointee) }) else { return }
            _ = JSONValue(specification)
        }
    }

    private static func content(_ any: Google__Protobuf__Any) -> [UInt8] { TTRPC.bytes(any.value) }
}
