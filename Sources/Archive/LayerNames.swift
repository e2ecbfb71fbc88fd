import SystemPackage

/// The names that mean something in a layer (OCI image specification, layer.md, "Whiteouts"; docs/architecture.md, "Layers
/// on disk").
enum LayerNames {
    static let prefix = ".wh."
    static let specialPrefix = ".wh..wh."
    /// Marks a folder that hides the layers below.
    static let opaque: FilePath.Component = ".wh..wh..opq"
    /// Marks a folder with placeholders in it.
    static let placeholders: FilePath.Component = ".wh..wh.special"

    /// The name that says that `name` is removed.
    static func whiteout(of name: FilePath.Component) -> FilePath.Component? {
        name.withPlatformString { text in
            var bytes = Array(prefix.utf8).map { CChar(bitPattern: $0) }
            var cursor = text
            while cursor.pointee != 0 {
                bytes.append(cursor.pointee)
                cursor += 1
            }
            bytes.append(0)
            return FilePath(platformString: bytes).lastComponent
        }
    }

    /// The name that `name` says is removed; nil when it is no whiteout.
    static func removed(by name: FilePath.Component) -> FilePath.Component? {
        guard isReserved(name), !isSpecial(name) else { return nil }
        return name.withPlatformString { FilePath(platformString: $0 + prefix.utf8.count).lastComponent }
    }

    /// Whether `name` cannot be a file's inside a container.
    static func isReserved(_ name: FilePath.Component) -> Bool { name.string.hasPrefix(prefix) }

    /// Whether `name` is a marker, not a whiteout.
    static func isSpecial(_ name: FilePath.Component) -> Bool { name.string.hasPrefix(specialPrefix) }
}
