/// `POST /containers/create`: a `ContainerConfig` whose object carries two more fields.
public struct ContainerCreateRequest: Codable, Sendable, Equatable {
    /// The portable side.
    public var config: ContainerConfig
    /// The host's side.
    public var hostConfig: HostConfig
    /// The networks to join.
    public var networkingConfig: NetworkingConfig

    /// A request.
    public init(
        config: ContainerConfig, hostConfig: HostConfig = HostConfig(),
        networkingConfig: NetworkingConfig = NetworkingConfig()
    ) {
        self.config = config
        self.hostConfig = hostConfig
        self.networkingConfig = networkingConfig
    }

    enum CodingKeys: String, CodingKey {
        case hostConfig = "HostConfig"
        case networkingConfig = "NetworkingConfig"
    }

    /// Reads it.
    public init(from decoder: any Decoder) throws {
        config = try ContainerConfig(from: decoder)
        let container = try decoder.container(keyedBy: CodingKeys.self)
        hostConfig = try container.decodeIfPresent(HostConfig.self, forKey: .hostConfig) ?? HostConfig()
        networkingConfig =
            try container.decodeIfPresent(NetworkingConfig.self, forKey: .networkingConfig) ?? NetworkingConfig()
    }

    /// Writes it.
    public func encode(to encoder: any Encoder) throws {
        try config.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(hostConfig, forKey: .hostConfig)
        try container.encode(networkingConfig, forKey: .networkingConfig)
    }
}

/// `POST /containers/{id}/update`: resources and a restart policy.
public struct ContainerUpdateRequest: Codable, Sendable, Equatable {
    /// The resources; only the fields of the definition `Resources` count.
    public var resources: HostConfig
    /// The fields that the client sent: those left out stay as they are.
    public var hasRestartPolicy: Bool

    enum CodingKeys: String, CodingKey {
        case restartPolicy = "RestartPolicy"
    }

    /// Reads it.
    public init(from decoder: any Decoder) throws {
        resources = try HostConfig(from: decoder)
        hasRestartPolicy = try decoder.container(keyedBy: CodingKeys.self).contains(.restartPolicy)
    }

    /// Writes it.
    public func encode(to encoder: any Encoder) throws { try resources.encode(to: encoder) }
}
