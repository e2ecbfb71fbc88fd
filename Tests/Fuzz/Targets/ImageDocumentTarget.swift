import OCISpec

/// What a registry or an archive says of images. The first byte chooses the document.
enum ImageDocumentTarget: FuzzTarget {
    static let name = "image-documents"

    static func run(_ bytes: UnsafeRawBufferPointer) {
        guard let first = bytes.first else { return }
        let data = [UInt8](bytes.dropFirst())
        switch first % 5 {
        case 0: _ = try? JSON.decode(ImageManifest.self, from: data)
        case 1: _ = try? JSON.decode(ImageIndex.self, from: data)
        case 2: _ = try? JSON.decode(ImageConfiguration.self, from: data)
        case 3: _ = try? JSON.decode([DockerArchiveImage].self, from: data)
        default: _ = try? JSON.decode(Descriptor.self, from: data)
        }
    }
}
