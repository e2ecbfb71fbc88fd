import ContainerdAPI
import Foundation
import Metadata
import SwiftProtobuf

extension EventEnvelope: Filterable {
    /// `namespace`, `topic`, and `event.NAME` for the fields of the events' messages.
    public func field(_ path: [String]) -> String? {
        switch path.first {
        case "namespace": return namespace
        case "topic": return topic
        case "event" where path.count > 1:
            guard let number = EventFields.number(path[1], of: event.typeURL) else { return nil }
            return EventFields.text(number, in: event.value)
        default: return nil
        }
    }
}

/// The text fields of the events' messages, for filters.
private enum EventFields {
    private static let numbers: [String: [String: Int]] = [
        "containerd.events.ContainerCreate": ["id": 1, "image": 2],
        "containerd.events.ContainerUpdate": ["id": 1, "image": 2, "snapshot_key": 4],
        "containerd.events.ContainerDelete": ["id": 1],
        "containerd.events.ContentDelete": ["digest": 1],
        "containerd.events.NamespaceCreate": ["name": 1],
        "containerd.events.NamespaceUpdate": ["name": 1],
        "containerd.events.NamespaceDelete": ["name": 1],
        "containerd.events.SnapshotPrepare": ["key": 1, "parent": 2, "snapshotter": 5],
        "containerd.events.SnapshotCommit": ["key": 1, "name": 2, "snapshotter": 5],
        "containerd.events.SnapshotRemove": ["key": 1, "snapshotter": 5],
        "containerd.services.images.v1.ImageCreate": ["name": 1],
        "containerd.services.images.v1.ImageUpdate": ["name": 1],
        "containerd.services.images.v1.ImageDelete": ["name": 1],
        "containerd.events.TaskCreate": ["container_id": 1, "bundle": 2, "checkpoint": 5],
        "containerd.events.TaskStart": ["container_id": 1],
        "containerd.events.TaskDelete": ["container_id": 1, "id": 5],
        "containerd.events.TaskExit": ["container_id": 1, "id": 2],
        "containerd.events.TaskOOM": ["container_id": 1],
        "containerd.events.TaskExecAdded": ["container_id": 1, "exec_id": 2],
        "containerd.events.TaskExecStarted": ["container_id": 1, "exec_id": 2],
        "containerd.events.TaskPaused": ["container_id": 1],
        "containerd.events.TaskResumed": ["container_id": 1],
        "containerd.events.TaskCheckpointed": ["container_id": 1, "checkpoint": 2],
    ]

    static func number(_ field: String, of typeURL: String) -> Int? {
        let name = typeURL.split(separator: "/").last.map(String.init) ?? ""
        return numbers[name]?[field]
    }

    /// The text of a length-delimited field in an encoded message; empty when it is not there, as in proto3.
    static func text(_ number: Int, in message: Data) -> String? {
        let bytes = [UInt8](message)
        var (position, result) = (0, "")
        func varint() -> UInt64? {
            var (value, shift) = (UInt64(0), UInt64(0))
            while position < bytes.count, shift < 64 {
                let byte = bytes[position]
                position += 1
                value |= UInt64(byte & 0x7f) << shift
                if byte < 0x80 { return value }
                shift += 7
            }
            return nil
        }
        while position < bytes.count {
            guard let tag = varint() else { return nil }
            switch tag & 7 {
            case 0: if varint() == nil { return nil }
            case 1: position += 8
            case 5: position += 4
            case 2:
                guard let length = varint(), length <= UInt64(bytes.count - position) else { return nil }
                if tag >> 3 == UInt64(number) {
                    result = String(decoding: bytes[position..<position + Int(length)], as: UTF8.self)
                }
                position += Int(length)
            default: return nil
            }
        }
        return result
    }
}
