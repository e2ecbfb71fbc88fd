import ArgumentParser
import EngineClient

/// `uk info`
struct Info: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Display system-wide information.")

    @Option(name: .shortAndLong, help: ArgumentHelp("\"json\", or a template.", valueName: "format"))
    var format: String?

    func run() async throws {
        let info = try await Engine.client().json(EngineRequest("GET", "/info"))
        switch format {
        case "json": Console.print(info.compactText)
        case let format?: Console.print(try Template(RowFormat.unescaped(format)).text(for: info))
        case nil: Console.print(text(info))
        }
    }

    private func text(_ info: JSONValue) -> [String] {
        var lines = ["Client: ukontainer", " Version:    \(Engine.version)", "", "Server:"]
        func add(_ title: String, _ value: JSONValue?, indent: Int = 1) {
            guard let value, !value.isNull else { return }
            lines.append(String(repeating: " ", count: indent) + "\(title): \(TemplateFunctions.text(value))")
        }
        add("Containers", info["Containers"])
        add("Running", info["ContainersRunning"], indent: 2)
        add("Paused", info["ContainersPaused"], indent: 2)
        add("Stopped", info["ContainersStopped"], indent: 2)
        add("Images", info["Images"])
        add("Server Version", info["ServerVersion"])
        add("Storage Driver", info["Driver"])
        for pair in info["DriverStatus"]?.elements ?? [] where pair.elements.count == 2 {
            add(TemplateFunctions.text(pair.elements[0]), pair.elements[1], indent: 2)
        }
        add("Logging Driver", info["LoggingDriver"])
        add("Cgroup Driver", info["CgroupDriver"])
        let plugins = info["Plugins"]?.members.filter { !$0.value.elements.isEmpty } ?? []
        if !plugins.isEmpty { lines.append(" Plugins:") }
        for plugin in plugins {
            lines.append("  \(plugin.name): " + plugin.value.elements.compactMap(\.string).joined(separator: " "))
        }
        if let runtimes = info["Runtimes"]?.members, !runtimes.isEmpty {
            lines.append(" Runtimes: " + runtimes.map(\.name).sorted().joined(separator: " "))
        }
        add("Default Runtime", info["DefaultRuntime"])
        let options = (info["SecurityOptions"]?.elements ?? []).compactMap(\.string)
        if !options.isEmpty {
            lines += [" Security Options:"] + options.map { "  " + $0.replacing("name=", with: "") }
        }
        for (title, name) in [
            ("Kernel Version", "KernelVersion"), ("Operating System", "OperatingSystem"), ("OSType", "OSType"),
            ("Architecture", "Architecture"), ("CPUs", "NCPU"),
        ] { add(title, info[name]) }
        add("Total Memory", info["MemTotal"]?.integer.map { .string(Sizes.binary($0)) })
        for (title, name) in [
            ("Name", "Name"), ("ID", "ID"), ("Docker Root Dir", "DockerRootDir"), ("Debug Mode", "Debug"),
        ] {
            add(title, info[name])
        }
        for warning in info["Warnings"]?.elements ?? [] { lines.append(warning.string ?? "") }
        return lines
    }
}
