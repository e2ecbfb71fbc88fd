// Members are the specification's: it documents those that carry no comment here.
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

/// A container's state: OCI runtime specification, runtime.md, State. Hooks get it on their standard input, and
/// `state` prints it.
public struct RuntimeState: Sendable, Hashable, Codable {
    /// runtime.md, `status`; `paused` is runc's addition.
    public enum Status: String, Sendable, Hashable, Codable {
        case creating
        case created
        case running
        case paused
        case stopped
    }

    public var ociVersion: String
    public var id: String
    public var status: Status
    /// The first process as the host sees it; 0 or absent once it is stopped.
    public var pid: Int?
    public var bundle: String
    public var annotations: [String: String]?
    /// The root folder; runc's addition.
    public var rootfs: String?
    /// RFC 3339; runc's addition.
    public var created: String?
    /// The user who made the container; runc's addition.
    public var owner: String?

    public init(
        ociVersion: String = RuntimeSpec.version, id: String, status: Status, pid: Int? = nil, bundle: String,
        annotations: [String: String]? = nil, rootfs: String? = nil, created: String? = nil, owner: String? = nil
    ) {
        self.ociVersion = ociVersion
        self.id = id
        self.status = status
        self.pid = pid
        self.bundle = bundle
        self.annotations = annotations
        self.rootfs = rootfs
        self.created = created
        self.owner = owner
    }

    /// The JSON text with its members in runc's order, which scripts rely on.
    public func text() throws -> [UInt8] {
        try JSON.encode(members: [
            ("ociVersion", ociVersion), ("id", id), ("pid", pid), ("status", status), ("bundle", bundle),
            ("rootfs", rootfs), ("created", created), ("annotations", annotations), ("owner", owner),
        ])
    }
}
