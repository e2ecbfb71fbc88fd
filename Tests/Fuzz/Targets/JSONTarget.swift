import EngineClient
import Shim

/// The two JSON parsers of our own: the shim's and the command line's.
enum JSONTarget: FuzzTarget {
    static let name = "json"

    static func run(_ bytes: UnsafeRawBufferPointer) {
        _ = Shim.JSONValue([UInt8](bytes))
        _ = try? JSONParser.parse(bytes)
    }
}
