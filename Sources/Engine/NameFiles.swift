import EngineAPI
import Host
import SystemPackage

/// The files behind /etc/hosts, /etc/hostname and /etc/resolv.conf of a container.
struct NameFiles {
    var record: ContainerRecord

    /// Writes them.
    func write(to folder: FilePath) throws {
        try FileTree.write(record.config.hostname + "\n", to: folder.appending("hostname"))
        try FileTree.write(hosts(), to: folder.appending("hosts"))
        try FileTree.write(resolver(host: readSmallFile("/etc/resolv.conf") ?? ""), to: folder.appending("resolv.conf"))
    }

    func hosts() -> String {
        var lines = [
            "127.0.0.1\tlocalhost", "::1\tlocalhost ip6-localhost ip6-loopback", "fe00::\tip6-localnet",
            "ff00::\tip6-mcastprefix", "ff02::1\tip6-allnodes", "ff02::2\tip6-allrouters",
        ]
        for entry in record.hostConfig.extraHosts ?? [] {
            // `name:address`; an IPv6 address has colons of its own, and newer clients send `name=address`.
            guard let mark = entry.firstIndex(where: { $0 == ":" || $0 == "=" }) else { continue }
            var address = entry[entry.index(after: mark)...]
            if address.first == "[", address.last == "]" { address = address.dropFirst().dropLast() }
            lines.append("\(address == "host-gateway" ? "127.0.0.1" : address)\t\(entry[..<mark])")
        }
        let full = record.config.domainname.isEmpty ? "" : "\(record.config.hostname).\(record.config.domainname) "
        lines.append("127.0.0.1\t\(full)\(record.config.hostname)")
        return lines.joined(separator: "\n") + "\n"
    }

    func resolver(host: String) -> String {
        let config = record.hostConfig
        if config.dns == nil, config.dnsSearch == nil, config.dnsOptions == nil { return host }
        func own(_ keyword: String) -> [String] {
            host.split(separator: "\n").filter { $0.hasPrefix(keyword + " ") || $0.hasPrefix(keyword + "\t") }
                .flatMap { $0.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().map(String.init) }
        }
        func choose(_ given: [String]?, _ keyword: String) -> [String] {
            guard let given, !given.isEmpty else { return own(keyword) }
            return given
        }
        var lines: [String] = []
        let search = choose(config.dnsSearch, "search").filter { $0 != "." }
        if !search.isEmpty { lines.append("search " + search.joined(separator: " ")) }
        lines += choose(config.dns, "nameserver").map { "nameserver \($0)" }
        let options = choose(config.dnsOptions, "options")
        if !options.isEmpty { lines.append("options " + options.joined(separator: " ")) }
        return lines.joined(separator: "\n") + "\n"
    }
}
