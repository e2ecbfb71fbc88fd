/// The shim's command line, as containerd gives it (core/runtime/v2/README.md, "Command line"): Go's flags, each with
/// one dash or two, its value behind `=` or as the next argument; then the action.
package struct ShimOptions: Equatable {
    /// What the shim is to do.
    package enum Action: String {
        case start
        case delete
        /// No action: serve on descriptor 3.
        case serve = ""
    }

    package var namespace = ""
    package var id = ""
    /// containerd's gRPC socket.
    package var address = ""
    /// The bundle's folder; the working directory when empty.
    package var bundle = ""
    /// The program that publishes events for shims without ttrpc, of which there are none any more.
    package var publishBinary = ""
    package var socket = ""
    package var isDebug = false
    package var showsVersion = false
    package var showsInformation = false
    package var showsHelp = false
    package var action = Action.serve

    /// Flags with a value.
    private static let valued = ["namespace", "id", "address", "bundle", "publish-binary", "socket", "debug-socket"]

    /// Reads `arguments`, the program's name not included.
    ///
    /// - Throws: `ShimUsageError`.
    package init(_ arguments: [String]) throws {
        var rest = arguments[...]
        while let argument = rest.first, argument.utf8.first == UInt8(ascii: "-"), argument.utf8.count > 1 {
            rest.removeFirst()
            if argument == "--" { break }
            let flag = argument.utf8.drop { $0 == UInt8(ascii: "-") }
            let equals = flag.firstIndex(of: UInt8(ascii: "="))
            let name = String(decoding: flag[..<(equals ?? flag.endIndex)], as: UTF8.self)
            let attached = equals.map { String(decoding: flag[flag.index(after: $0)...], as: UTF8.self) }
            switch name {
            case "debug": isDebug = attached != "false"
            case "v", "version": showsVersion = true
            case "info": showsInformation = true
            case "h", "help": showsHelp = true
            default:
                guard Self.valued.contains(name) else {
                    throw ShimUsageError(description: "flag provided but not defined: -\(name)")
                }
                guard let value = attached ?? rest.popFirst() else {
                    throw ShimUsageError(description: "flag needs an argument: -\(name)")
                }
                switch name {
                case "namespace": namespace = value
                case "id": id = value
                case "address": address = value
                case "bundle": bundle = value
                case "publish-binary": publishBinary = value
                case "socket": socket = value
                default: break
                }
            }
        }
        guard let word = rest.first else { return }
        guard let action = Action(rawValue: word), rest.count == 1 else {
            throw ShimUsageError(description: "unknown action: \(rest.map { $0 }.joined(separator: " "))")
        }
        self.action = action
    }

    static let usage = """
        Usage: containerd-shim-runu-v2 -namespace NAME -id ID -address SOCKET [flags] start|delete

        containerd's shim for runu. It is started by containerd, with the bundle as its working directory.

          -namespace NAME        namespace that owns the container
          -id ID                 the container
          -address SOCKET        containerd's gRPC socket
          -bundle PATH           bundle, where it is not the working directory
          -publish-binary PATH   taken and not used, as by other shims: events go to TTRPC_ADDRESS
          -debug                 log every call and every command of the runtime
          -info                  read options from stdin, write the runtime's description to stdout, both protobuf
          -v                     show the version

        """
}

/// A command line that the shim does not understand.
package struct ShimUsageError: Error, CustomStringConvertible {
    package var description: String
}
