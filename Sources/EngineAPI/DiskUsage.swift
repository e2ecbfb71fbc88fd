/// `GET /system/df`.
public struct DiskUsage: Codable, Sendable, Equatable, Blank {
    /// Bytes of all layers.
    @Lenient public var layersSize: Int64
    /// Images.
    @Lenient public var images: [ImageSummary]
    /// Containers.
    @Lenient public var containers: [ContainerSummary]
    /// Volumes.
    @Lenient public var volumes: [Volume]
    /// Always empty.
    @Lenient public var buildCache: [EmptyObject]

    /// All fields blank.
    public init() {}

    /// The fields given; the others stay blank.
    public init(
        layersSize: Int64 = 0, images: [ImageSummary] = [], containers: [ContainerSummary] = [], volumes: [Volume] = [],
        buildCache: [EmptyObject] = []
    ) {
        self.layersSize = layersSize
        self.images = images
        self.containers = containers
        self.volumes = volumes
        self.buildCache = buildCache
    }

    enum CodingKeys: String, CodingKey {
        case layersSize = "LayersSize"
        case images = "Images"
        case containers = "Containers"
        case volumes = "Volumes"
        case buildCache = "BuildCache"
    }
}
