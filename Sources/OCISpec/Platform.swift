// Members are the specification's: it documents those that carry no comment here.
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

/// The platform that an image is for: OCI image specification, image-index.md, `platform`.
public struct Platform: Sendable, Hashable, Codable, CustomStringConvertible {
    /// Go's names: `amd64`, `arm64`, ...
    public var architecture: String
    public var os: String
    public var osVersion: String?
    public var osFeatures: [String]?
    public var variant: String?

    public init(
        architecture: String, os: String = "linux", osVersion: String? = nil, osFeatures: [String]? = nil,
        variant: String? = nil
    ) {
        self.architecture = architecture
        self.os = os
        self.osVersion = osVersion
        self.osFeatures = osFeatures
        self.variant = variant
    }

    enum CodingKeys: String, CodingKey {
        case architecture, os
        case osVersion = "os.version"
        case osFeatures = "os.features"
        case variant
    }

    /// The platform that this program was built for.
    public static var current: Platform {
        #if arch(arm64)
            Platform(architecture: "arm64", variant: "v8")
        #else
            Platform(architecture: "amd64")
        #endif
    }

    /// Whether programs for `other` run here. Variants count only where both are given.
    public func runs(_ other: Platform) -> Bool {
        guard os == other.os, architecture == other.architecture else { return false }
        guard let variant, let wanted = other.variant, !wanted.isEmpty else { return true }
        return variant == wanted
    }

    /// `os/architecture[/variant]`.
    public var description: String { "\(os)/\(architecture)" + (variant.map { $0.isEmpty ? "" : "/\($0)" } ?? "") }
}
