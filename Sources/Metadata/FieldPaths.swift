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

extension FieldPaths {
    /// Changes the labels that `mask` names, or all, where nothing else of the object can be updated.
    ///
    /// - Throws: `RPCError` (invalidArgument) for other fields, and for labels that are too long.
    static func relabel(
        _ labels: inout [String: String], from given: [String: String], mask: Google_Protobuf_FieldMask?,
        describing object: String
    ) throws {
        try FieldPaths(mask, whole: ["labels"]).apply(describing: object) { field in
            guard field == "labels" else { return false }
            labels = Labels.withoutEmpty(given)
            return true
        } key: { map, key in
            guard map == "labels" else { return false }
            setKey(key, of: &labels, from: given)
            return true
        }
        try Labels.validate(labels)
    }
}

/// Sets one key of `map` to what `source` says; no value or an empty one removes it.
func setKey(_ key: String, of map: inout [String: String], from source: [String: String]) {
    let value = source[key] ?? ""
    map[key] = value.isEmpty ? nil : value
}
