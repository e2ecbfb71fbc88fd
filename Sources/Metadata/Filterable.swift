/// Something that a filter can ask for the values of its fields.
public protocol Filterable {
    /// The value at `path`, or nil when there is no such field or map key. The last part of a map's path is a key, dots and
    /// all.
    func field(_ path: [String]) -> String?
}

/// The value of a map's key, which the rest of a path names: `labels.a.b` is key `a.b`.
public func mapField(_ path: ArraySlice<String>, _ map: [String: String]) -> String? {
    path.isEmpty ? nil : map[path.joined(separator: ".")]
}
