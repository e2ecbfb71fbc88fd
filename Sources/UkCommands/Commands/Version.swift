import ArgumentParser
import EngineClient

/// `uk version`
struct Version: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show the version information of client and engine.")

    @Option(name: .shortAndLong, help: ArgumentHelp("\"json\", or a template.", valueName: "format"))
    var format: String?

    func run() async throws {
        let client = try Engine.client()
        var failure: EngineError?
        var server: JSONValue?
        var agreed = EngineClient.newestVersion
        do {
            agreed = try await client.version()
            server = try await client.json(EngineRequest("GET", "/version"))
        } catch let error as EngineError {
            failure = error
        }
        let ours: JSONValue = [
            "Platform": ["Name": "ukontainer"], "Version": .string(Engine.version), "ApiVersion": .string(agreed),
            "DefaultAPIVersion": .string(EngineClient.newestVersion), "Os": "linux", "Arch": .string(Self.architecture),
        ]
        let both: JSONValue = ["Client": ours, "Server": server ?? .null]
        if let format, format != "json" {
            Console.print(try Template(RowFormat.unescaped(format)).text(for: both))
        } else if format == "json" {
            Console.print(both.compactText)
        } else {
            Console.print(text(agreed: agreed, server: server))
        }
        if let failure { throw failure }
    }

    private func text(agreed: String, server: JSONValue?) -> [String] {
        let newest = EngineClient.newestVersion
        var lines = [
            "Client: ukontainer",
            " Version:           \(Engine.version)",
            " API version:       \(agreed)" + (agreed == newest ? "" : " (downgraded from \(newest))"),
            " OS/Arch:           linux/\(Self.architecture)",
        ]
        guard let server else { return lines }
        let platform = server["Platform"]?["Name"]?.string ?? ""
        lines += ["", platform.isEmpty ? "Server:" : "Server: \(platform)"]
        for component in server["Components"]?.elements ?? [] {
            lines.append(" \(component["Name"]?.string ?? ""):")
            let details = component["Details"]
            var rows: [(String, String)] = [("Version:", component["Version"]?.string ?? "")]
            if let api = details?["ApiVersion"]?.string {
                rows.append(("API version:", "\(api) (minimum version \(details?["MinAPIVersion"]?.string ?? ""))"))
            }
            for (title, name) in [("Git commit:", "GitCommit"), ("Built:", "BuildTime")] {
                if let value = details?[name]?.string, !value.isEmpty { rows.append((title, value)) }
            }
            if let os = details?["Os"]?.string { rows.append(("OS/Arch:", "\(os)/\(details?["Arch"]?.string ?? "")")) }
            lines += rows.map { "  " + $0.0 + String(repeating: " ", count: max(1, 18 - $0.0.count)) + $0.1 }
        }
        return lines
    }

    static var architecture: String {
        #if arch(x86_64)
            "amd64"
        #elseif arch(arm64)
            "arm64"
        #else
            "unknown"
        #endif
    }
}
