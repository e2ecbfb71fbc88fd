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
        public var seccomp: Seccomp?
        public var apparmor: Enabled?
        public var selinux: Enabled?
        public var intelRdt: Enabled?

        public init(
            namespaces: [String]? = nil, capabilities: [String]? = nil, cgroup: [String: Bool]? = nil,
            seccomp: Seccomp? = nil, apparmor: Enabled? = nil, selinux: Enabled? = nil, intelRdt: Enabled? = nil
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

    /// features-linux.md, Seccomp.
    public struct Seccomp: Sendable, Hashable, Codable {
        public var enabled: Bool
        public var actions: [String]?
        public var operators: [String]?
        public var archs: [String]?
        public var knownFlags: [String]?
        public var supportedFlags: [String]?

        public init(
            enabled: Bool, actions: [String]? = nil, operators: [String]? = nil, archs: [String]? = nil,
            knownFlags: [String]? = nil, supportedFlags: [String]? = nil
        ) {
            self.enabled = enabled
            self.actions = actions
            self.operators = operators
            self.archs = archs
            self.knownFlags = knownFlags
            self.supportedFlags = supportedFlags
        }
    }

    /// `{"enabled": ...}`.
    public struct Enabled: Sendable, Hashable, Codable {
        public var enabled: Bool

        public init(_ enabled: Bool) { self.enabled = enabled }
    }
}
