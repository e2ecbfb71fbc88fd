import ContainerdAPI
import SwiftProtobuf

// The fields by which each kind of object can be filtered; the names are containerd's.

extension Image: Filterable {
    /// `name`, `target.digest`, `target.mediatype`, `labels.KEY`, `annotations.KEY`
    public func field(_ path: [String]) -> String? {
        switch path.first {
        case "name": name.isEmpty ? nil : name
        case "target" where path.count == 2:
            switch path[1] {
            case "digest": target.digest
            case "mediatype": target.mediaType
            default: nil
            }
        case "labels": mapField(path.dropFirst(), labels)
        case "annotations": mapField(path.dropFirst(), target.annotations)
        default: nil
        }
    }
}

extension Container: Filterable {
    /// `id`, `runtime.name`, `image`, `snapshotter`, `snapshotkey`, `labels.KEY`
    public func field(_ path: [String]) -> String? {
        switch path.first {
        case "id": id.isEmpty ? nil : id
        case "runtime" where path.count == 2 && path[1] == "name": runtime.name.isEmpty ? nil : runtime.name
        case "image": image.isEmpty ? nil : image
        case "snapshotter": snapshotter.isEmpty ? nil : snapshotter
        case "snapshotkey": snapshotKey.isEmpty ? nil : snapshotKey
        case "labels": mapField(path.dropFirst(), labels)
        default: nil
        }
    }
}

extension ContentInfo: Filterable {
    /// `digest`, `size`, `labels.KEY`
    public func field(_ path: [String]) -> String? {
        switch path.first {
        case "digest": digest
        case "size": String(size)
        case "labels": mapField(path.dropFirst(), labels)
        default: nil
        }
    }
}

extension IngestStatus: Filterable {
    /// `ref`
    public func field(_ path: [String]) -> String? { path == ["ref"] ? ref : nil }
}

extension SnapshotInfo: Filterable {
    /// `kind`, `name`, `parent`, `labels.KEY`
    public func field(_ path: [String]) -> String? {
        switch path.first {
        case "kind":
            switch kind {
            case .active: "active"
            case .view: "view"
            case .committed: "committed"
            default: nil
            }
        case "name": name
        case "parent": parent.isEmpty ? nil : parent
        case "labels": mapField(path.dropFirst(), labels)
        default: nil
        }
    }
}

extension Lease: Filterable {
    /// `id`, `labels.KEY`
    public func field(_ path: [String]) -> String? {
        switch path.first {
        case "id": id.isEmpty ? nil : id
        case "labels": mapField(path.dropFirst(), labels)
        default: nil
        }
    }
}

extension Plugin: Filterable {
    /// `type`, `id`, `capabilities`
    public func field(_ path: [String]) -> String? {
        switch path.first {
        case "type": type.isEmpty ? nil : type
        case "id": id.isEmpty ? nil : id
        case "capabilities": capabilities.joined(separator: ",")
        default: nil
        }
    }
}

extension TaskProcess: Filterable {
    /// `id`
    public func field(_ path: [String]) -> String? { path == ["id"] ? id : nil }
}
