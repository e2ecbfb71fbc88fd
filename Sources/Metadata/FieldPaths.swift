import RPC
import SwiftProtobuf

/// The paths of an update's field mask, as containerd reads them: a whole field, or one key of a map (`labels.NAME`).
struct FieldPaths {
    var paths: [String]

    /// - Parameter whole: the fields that an empty mask stands for.
    init(_ mask: Google_Protobuf_FieldMask?, whole: [String]) {
        paths = mask.map(\.paths).flatMap { $0.isEmpty ? nil : $0 } ?? whole
    }

    /// Applies the paths: `field` for a whole field, false when it may not be updated; `key` for one key of a map.
    func apply(
        describing object: String, field: (String) throws -> Bool, key: (_ map: String, _ key: String) throws -> Bool
    ) throws {
        for path in paths {
            let name = path.lowercased().filter { $0 != "_" }
            if try field(name) { continue }
            if let dot = path.firstIndex(of: "."),
                try key(path[..<dot].lowercased(), String(path[path.index(after: dot)...]))
            {
                continue
            }
            throw RPCError.invalidArgument("cannot update \"\(path)\" field on \(object)")
        }
    }
}

/// Sets one key of `map` to what `source` says; no value or an empty one removes it.
func setKey(_ key: String, of map: inout [String: String], from source: [String: String]) {
    let value = source[key] ?? ""
    map[key] = value.isEmpty ? nil : value
}
