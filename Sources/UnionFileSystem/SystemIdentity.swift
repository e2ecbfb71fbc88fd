/// What the container's kernel calls itself, as uname(2) and /proc/sys/kernel show it.
public struct SystemIdentity: Sendable {
    public var hostname: String
    public var domainname: String
    public var release: String
    public var version: String
    /// Further values of /proc/sys, by name with dots.
    public var sysctls: [String: String]

    public init(
        hostname: String = "localhost", domainname: String = "(none)", release: String = "", version: String = "",
        sysctls: [String: String] = [:]
    ) {
        self.hostname = hostname
        self.domainname = domainname
        self.release = release
        self.version = version
        self.sysctls = sysctls
    }
}
