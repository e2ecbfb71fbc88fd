import CGRPC
import CGRPCSupport
import Logging

/// The C core's life in this process: brought up on first use, never taken down (it owns threads of its own).
enum GRPCLibrary {
    /// Call it before anything else of the core.
    static func start() { _ = once }

    private static let log = Logger(label: "grpc")

    private static let once: Void = {
        // The core's complaints about a peer's garbage are no errors of ours: they go to the log, a level lower.
        ukgrpc_set_log { severity, file, line, message in
            let text = message.map { String(cString: $0) } ?? ""
            let place = file.map { String(cString: $0) } ?? ""
            switch severity {
            case 2: GRPCLibrary.log.info("\(text)", metadata: ["at": "\(place):\(line)"])
            case 1: GRPCLibrary.log.debug("\(text)", metadata: ["at": "\(place):\(line)"])
            default: GRPCLibrary.log.trace("\(text)", metadata: ["at": "\(place):\(line)"])
            }
        }
        grpc_init()
    }()
}
