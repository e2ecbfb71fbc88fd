import ArgumentParser
import Glibc
import Host
import OCISpec
import Runtime
import SystemPackage

/// The forms of `list` and `ps`.
enum ListFormat: String, ExpressibleByArgument, CaseIterable {
    case table
    case json
}

/// `runu list`.
struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List containers.")

    @ParentCommand var runu: Runu
    @Option(help: "table or json.") var format = ListFormat.table
    @Flag(help: "Only the containers' names.") var quiet = false

    func run() throws {
        let containers = try runu.store.containers()
        if quiet { return containers.forEach { print($0.id) } }
        let states = containers.map { container in
            var state = container.state()
            state.owner = Users.name(of: container.owner)
            return state
        }
        switch format {
        case .json:
            let texts = try states.map { String(decoding: try $0.text(), as: UTF8.self) }
            print("[\(texts.joined(separator: ","))]")
        case .table:
            let rows = states.map {
                [$0.id, String($0.pid ?? 0), $0.status.rawValue, $0.bundle, $0.created ?? "", $0.owner ?? ""]
            }
            printTable([["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"]] + rows)
        }
    }
}

/// Prints rows in columns of at least twelve characters, three apart.
private func printTable(_ rows: [[String]]) {
    let widths = rows[0].indices.map { column in max(9, rows.map { $0[column].count }.max() ?? 0) + 3 }
    for row in rows {
        let cells = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
        print((cells.dropLast() + [row.last ?? ""]).joined())
    }
}

/// `runu ps`.
struct Ps: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ps", abstract: "Show the processes of a container.")

    @ParentCommand var runu: Runu
    @Option(help: "table or json.") var format = ListFormat.table
    @Argument(help: "The container.") var id: String
    @Argument(help: "Options of ps(1).") var options: [String] = []

    func run() throws {
        let pids = try runu.store.container(id).processes()
        switch format {
        case .json: printJSON(pids, pretty: false)
        case .table: print(try ProcessTable.text(of: pids, options: options), terminator: "")
        }
    }
}

/// `runu events`.
struct Events: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "Tell what a container uses.")

    @ParentCommand var runu: Runu
    @Flag(help: "Tell once.") var stats = false
    @Option(help: "How often, such as 5s or 500ms.") var interval = "5s"
    @Argument(help: "The container.") var id: String

    func run() throws {
        guard let pause = GoDuration.milliseconds(interval) else {
            throw RuntimeError("invalid duration \"\(interval)\"")
        }
        guard pause > 0 else { throw RuntimeError("duration interval must be greater than 0") }
        let container = try runu.store.container(id)
        // Those that were killed before are not told.
        let kills = stats ? nil : container.killCount()
        _ = kills?.more()
        print(try StatisticsEvent(id: id, container.statistics()).text())
        if stats { return }
        let kernel = try container.endDescriptor()
        while true {
            fflush(nil)
            let end = MonotonicTime.now() + UInt64(pause) * 1_000_000
            var waiting = [kernel.rawValue, kills?.descriptor ?? -1].map {
                pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
            }
            repeat {
                let left = (Int64(end) - Int64(MonotonicTime.now()) + 999_999) / 1_000_000
                poll(&waiting, 2, CInt(clamping: max(0, left)))
                // One may have been the last of the container.
                try tell(kills)
                if waiting[0].revents != 0 { return }
            } while MonotonicTime.now() < end
            guard let statistics = try? container.statistics() else { return try tell(kills) }
            print(try StatisticsEvent(id: id, statistics).text())
        }
    }

    private func tell(_ kills: KillCount?) throws {
        for _ in 0..<(kills?.more() ?? 0) {
            print(try OutOfMemoryEvent(id: id).text())
            fflush(nil)
        }
    }
}

/// `runu features`.
struct Features: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "features", abstract: "Tell what this runtime can do.")

    func run() throws {
        printJSON(RuntimeFeatures.runu(version: Runu.version))
    }
}

/// `runu spec`.
struct Spec: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "spec", abstract: "Write a config.json to start from.")

    @Option(help: "Folder of the bundle.") var bundle = "."
    @Flag(help: "Map the caller's ids, as runc does; also --rootless.") var userNamespace = false

    func run() throws {
        try SpecificationTemplate.write(to: FilePath(bundle), rootless: userNamespace)
    }
}
