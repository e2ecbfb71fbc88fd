import OCISpec

/// What happens to an image that is pulled or pushed.
public enum TransferEvent: Sendable {
    /// The name has been resolved.
    case resolved(Descriptor)
    /// A blob belongs to the image.
    case found(Descriptor)
    /// The blob is where it is to go already.
    case exists(Descriptor)
    /// So many of the blob's bytes are where they are to go.
    case moved(Descriptor, bytes: Int64)
    /// The blob is complete there and verified.
    case done(Descriptor)
    /// The registry has taken the blob over from another of its repositories.
    case mounted(Descriptor, from: String)
    /// The layer is being unpacked.
    case unpacking(Descriptor)
    /// The layer is unpacked.
    case unpacked(Descriptor)
}

/// Takes events; called by several tasks at once.
public typealias TransferReport = @Sendable (TransferEvent) async -> Void
