import CShimMessages
import TTRPC

/// The answer to `-info` (types/introspection.proto, `RuntimeInfo`).
enum RuntimeInformation {
    /// The encoded answer; `options` are the encoded google.protobuf.Any of the runtime's options, given back as they are.
    static func describe(options: [UInt8]) -> [UInt8] {
        let arena = MessageArena()
        let message: Containerd__Types__RuntimeInfo = makeMessage(containerd__types__runtime_info__init) { info in
            info.name = arena.string("io.containerd.runu.v2")
            info.version = arena.message(
                makeMessage(containerd__types__runtime_version__init) {
                    $0.version = arena.string(ShimProgram.version)
                })
            if !options.isEmpty {
                info.options = try? decodeMessage(options, google__protobuf__any__unpack) {
                    anyMessage(text($0.type_url), bytes($0.value), in: arena)
                }
            }
        }
        return withExtendedLifetime(arena) { encodeMessage(message) }
    }
}
