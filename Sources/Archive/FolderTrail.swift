import SystemPackage

/// The folders on the way to the last entry, kept open: an archive goes through a tree in order, so the next entry mostly
/// lies in one of them.
///
/// Whoever removes a folder that may be among them begins a new trail.
struct FolderTrail {
    private var steps: [(name: FilePath.Component, folder: FolderHandle)] = []
    /// Deeper folders are opened anew each time, so that few descriptors are held.
    private static let limit = 64

    /// Opens the folder that `components` name below `root`.
    ///
    /// - Parameter otherwise: finds a folder by all its components where a step is not simply a folder.
    mutating func folder(
        _ components: [FilePath.Component], from root: FolderHandle,
        otherwise: ([FilePath.Component]) throws -> FolderHandle?
    ) throws -> FolderHandle? {
        guard components.count <= Self.limit else { return try otherwise(components) }
        let common = zip(steps, components).prefix { $0.name == $1 }.count
        steps.removeSubrange(common...)
        for (index, name) in components.enumerated().dropFirst(common) {
            let above = steps.last?.folder ?? root
            guard let next = try above.plainFolder(name) ?? otherwise(Array(components[...index])) else { return nil }
            steps.append((name, next))
        }
        return steps.last?.folder ?? root
    }

    /// Adds a folder that has just been made `depth` folders below the root, in the one asked for last.
    mutating func enter(_ name: FilePath.Component, _ folder: FolderHandle, depth: Int) {
        guard steps.count == depth, depth < Self.limit else { return }
        steps.append((name, folder))
    }
}
