import OCISpec
import Runtime

/// config.json of a bundle: decoded, encoded, and the same again.
enum SpecificationTarget: FuzzTarget {
    static let name = "config-json"

    static func run(_ bytes: UnsafeRawBufferPointer) {
        guard let spec = try? JSON.decode(RuntimeSpec.self, from: [UInt8](bytes)),
            let text = try? JSON.encode(spec)
        else { return }
        guard let again = try? JSON.decode(RuntimeSpec.self, from: text), let twice = try? JSON.encode(again) else {
            fatalError("what was written cannot be read")
        }
        precondition(text == twice)
    }
}
