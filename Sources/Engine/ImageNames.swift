import ContainerdClient
import RPC

extension ImageReference {
    /// Reads a name as people write it.
    ///
    /// - Throws: `EngineError` with 400 `invalid reference format`.
    static func named(_ text: String) throws -> ImageReference {
        do { return try ImageReference(text) } catch { throw EngineError.from(error) }
    }

    /// As people write it, without tag and digest.
    var familiarRepository: String {
        var plain = self
        plain.tag = nil
        plain.digest = nil
        return plain.familiar
    }

    /// Whether the name is only the daemon's own for an image that was loaded without one.
    var isDangling: Bool { path == "library/" + ImageReference.danglingRepository }

    /// The repository of images that were loaded without a name; containerd's images cannot be without one.
    static let danglingRepository = "moby-dangling"

    static func isHex(_ byte: UInt8) -> Bool { (97...102).contains(byte) || (48...57).contains(byte) }
}
