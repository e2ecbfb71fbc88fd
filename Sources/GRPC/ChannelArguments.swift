// Unsafe: C strings for the length of a call.
import Glibc

/// Integer arguments of a channel or a server, by the core's names.
struct ChannelArguments {
    var values: [(String, Int32)]

    /// Calls `body` with the arguments as the core wants them.
    func withCore<R>(_ body: (UnsafePointer<UnsafePointer<CChar>?>, UnsafePointer<Int32>, Int) -> R) -> R {
        let names = values.map { UnsafePointer(strdup($0.0)) }
        defer { for name in names { free(UnsafeMutablePointer(mutating: name)) } }
        return body(names, values.map(\.1), values.count)
    }

    /// What both sides set: messages up to `maximumMessageSize` bytes either way, and room for long status messages.
    static func common(maximumMessageSize: Int) -> ChannelArguments {
        ChannelArguments(values: [
            ("grpc.max_receive_message_length", Int32(clamping: maximumMessageSize)),
            ("grpc.max_send_message_length", Int32(clamping: maximumMessageSize)),
            ("grpc.max_metadata_size", 256 * 1024),
        ])
    }
}
