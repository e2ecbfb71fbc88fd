import OCISpec
import RPC

extension Platform {
    /// Reads `os/architecture[/variant]`, `os` or `architecture`, with the names that containerd's clients take.
    ///
    /// - Throws: `RPCError` (`invalidArgument`).
    public init(named text: String) throws {
        let parts = text.lowercased().split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let known = ["linux", "windows", "darwin", "freebsd"]
        guard (1...3).contains(parts.count), !parts.contains("") else {
            throw RPCError(.invalidArgument, "\(text): no platform: expected os/architecture[/variant]")
        }
        var fields = parts
        if fields.count == 1 {
            fields = known.contains(fields[0]) ? [fields[0], Self.current.architecture] : ["linux", fields[0]]
        }
        var variant = fields.count > 2 ? fields[2] : nil
        var architecture = fields[1]
        switch architecture {
        case "x86_64", "x86-64": architecture = "amd64"
        case "aarch64": architecture = "arm64"
        case "i386", "i486", "i586", "i686": architecture = "386"
        case "armhf": (architecture, variant) = ("arm", variant ?? "v7")
        case "armel": (architecture, variant) = ("arm", variant ?? "v6")
        default: break
        }
        self.init(architecture: architecture, os: fields[0], variant: variant)
    }
}
