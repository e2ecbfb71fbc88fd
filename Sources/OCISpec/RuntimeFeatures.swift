// Members are the specification's: it documents those that carry no comment here.
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

/// What a runtime can do: OCI runtime specification, features.md and features-linux.md.
public struct RuntimeFeatures: Sendable, Hashable, Codable {
    public var ociVersionMin: String
    public var ociVersionMax: String
    public var hooks: [String]?
    public var mountOptions: [String]?
    public var annotations: [String: String]?
    public var potentiallyUnsafeConfigAnnotations: [String]?
    public var linux: Linux?

    public init(
        ociVersionMin: String = "1.0.0", ociVersionMax: String = RuntimeSpec.version, hooks: [String]? = nil,
        mountOptions: [String]? = nil, annotations: [String: String]? = nil, linux: Linux? = nil
    ) {
        self.ociVersionMin = ociVersionMin
        self.ociVersionMax = ociVersionMax
        self.hooks = hooks
        self.mountOptions = mountOptions
        self.annotations = annotations
        self.linux = linux
    }

    /// features-linux.md.
    public struct Linux: Sendable, Hashable, Codable {
        public var namespaces: [String]?
        public var capabilities: [String]?
        public var cgroup: [String: Bool]?
        public var seccomp: Enabled?
        public var apparmor: Enabled?
        public var selinux: Enabled?
        public var intelRdt: Enabled?

        public init(
            namespaces: [String]? = nil, capabilities: [String]? = nil, cgroup: [String: Bool]? = nil,
            seccomp: Enabled? = nil, apparmor: Enabled? = nil, selinux: Enabled? = nil, intelRdt: Enabled? = nil
        ) {
            self.namespaces = namespaces
            self.capabilities = capabilities
            self.cgroup = cgroup
            self.seccomp = seccomp
            self.apparmor = apparmor
            self.selinux = selinux
            self.intelRdt = intelRdt
        }
    }

    /// `{"enabled": ...}`.
    public struct Enabled: Sendable, Hashable, Codable {
        public var enabled: Bool

        public init(_ enabled: Bool) { self.enabled = enabled }
    }
}
