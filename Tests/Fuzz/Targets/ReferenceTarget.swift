import ContainerdClient

/// Names of images.
enum ReferenceTarget: FuzzTarget {
    static let name = "reference"

    static func run(_ bytes: UnsafeRawBufferPointer) {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let reference = try? ImageReference(text) else { return }
        precondition((try? ImageReference("\(reference)")) != nil, "\(reference) is no name, \(text) is one")
    }
}
