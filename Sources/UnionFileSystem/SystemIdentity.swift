/// What the container's kernel calls itself, as uname(2) and /proc/sys/kernel show it.
package struct SystemIdentity: Sendable {
    package var hostname: String
    package var domainname: String
    package var release: String
    package var version: String
    /// Further values of /proc/sys, by name with dots.
    package var sysctls: [String: String]

    package init(
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
