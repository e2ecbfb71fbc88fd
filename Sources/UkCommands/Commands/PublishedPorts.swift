import ArgumentParser
import EngineClient

/// Reads `-p` and `--expose`.
package enum PublishedPorts {
    /// The Engine API's ExposedPorts and PortBindings.
    ///
    /// - Parameter publish: texts such as `8080:80`, `127.0.0.1:53:53/udp`, `[::1]:80:80`, `8000-8002:80-82`.
    /// - Throws: `ValidationError` for what is no port.
    package static func parse(_ publish: [String], expose: [String]) throws -> (exposed: JSONValue, bindings: JSONValue)
    {
        var exposed = JSONValue.object([])
        var bindings = JSONValue.object([])
        for text in expose {
            let (ports, proto) = try containerPorts(text, of: text)
            for port in ports { exposed["\(port)/\(proto)"] = .object([]) }
        }
        for text in publish {
            var rest = Substring(text)
            var address = ""
            if rest.first == "[", let end = rest.firstIndex(of: "]") {
                address = String(rest[rest.index(after: rest.startIndex)..<end])
                rest = rest[end...].dropFirst(2)
            }
            var parts = rest.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            if parts.count == 3 { address = parts.removeFirst() }
            guard parts.count <= 2, let last = parts.last else { throw failure(text) }
            let (ports, proto) = try containerPorts(last, of: text)
            let hostPorts = parts.count == 2 && !parts[0].isEmpty ? try range(parts[0], of: text) : nil
            if let hostPorts, hostPorts.count != ports.count, ports.count != 1 { throw failure(text) }
            for (index, port) in ports.enumerated() {
                let key = "\(port)/\(proto)"
                var host = hostPorts.map { String($0.lowerBound + index) } ?? ""
                // A range for one port: the engine takes a free one of it.
                if let hostPorts, hostPorts.count > ports.count {
                    host = "\(hostPorts.lowerBound)-\(hostPorts.upperBound)"
                }
                exposed[key] = .object([])
                let binding: JSONValue = ["HostIp": .string(address), "HostPort": .string(host)]
                bindings[key] = .array((bindings[key]?.elements ?? []) + [binding])
            }
        }
        return (exposed, bindings)
    }

    private static func containerPorts(_ text: String, of whole: String) throws -> (ClosedRange<Int>, String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let proto = parts.count > 1 ? parts[1].lowercased() : "tcp"
        guard parts.count <= 2, ["tcp", "udp", "sctp"].contains(proto) else { throw failure(whole) }
        return (try range(parts[0], of: whole), proto)
    }

    private static func range(_ text: String, of whole: String) throws -> ClosedRange<Int> {
        let bounds = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard let low = bounds.first ?? nil, let high = bounds.last ?? nil, bounds.count <= 2, low <= high,
            0...65535 ~= low, high <= 65535
        else { throw failure(whole) }
        return low...high
    }

    private static func failure(_ text: String) -> ValidationError {
        ValidationError("invalid argument \"\(text)\" for \"-p, --publish\" flag: invalid port: \(text)")
    }
}
