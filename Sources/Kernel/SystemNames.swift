import KernelProtocol

/// What the container's kernel calls itself (uname(2)).
package struct SystemNames: Sendable {
    package var hostname: String
    package var domainname: String
    package let release = "6.1.0-ukernel"
    package let version = "#1 ukontainer"
    package let machine = "x86_64"

    init(_ specification: ContainerSpecification) {
        hostname = specification.hostname.isEmpty ? "localhost" : specification.hostname
        domainname = specification.domainname.isEmpty ? "(none)" : specification.domainname
    }
}
