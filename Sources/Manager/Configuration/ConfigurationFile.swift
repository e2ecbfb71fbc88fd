import Foundation
import Settings

/// containerd's config.toml, as far as its keys mean something here (`config default` prints those).
///
/// Keys of containerd's without effect are named in one remark, keys that containerd has not in another, so that an existing
/// file is accepted.
package struct ConfigurationFile: Equatable, Sendable {
    package var root: String?
    package var state: String?
    package var address: String?
    /// The group whose members may connect.
    package var group: UInt32?
    package var maximumMessageSize: Int?
    package var level: String?
    package var oomScore: Int?
    /// Parts that are not started, as `io.containerd.snapshotter.v1.native` or `native`.
    package var disabledPlugins: [String] = []
    /// Parts without which the manager does not start.
    package var requiredPlugins: [String] = []
    package var collection = CollectionSettings()
    /// Milliseconds by containerd's names, such as `io.containerd.timeout.shim.cleanup`.
    package var timeouts: [String: Int64] = [:]
    /// Files whose settings come on top, as patterns; relative ones start at this file's folder.
    package var imports: [String] = []
    /// What the user should know, a sentence each.
    package var remarks: [String] = []

    /// Nothing.
    package init() {}

    /// Reads a file's text. Its imports are named, not read.
    ///
    /// - Throws: `SettingsError` with the place, for what is no TOML or a value of the wrong kind.
    package init(_ text: String, path: String) throws {
        let file = try SettingsTable(text: text, file: path)
        if let version = try file.integer("version"), !(1...3).contains(version) {
            throw SettingsError("\(path): unknown configuration version \(version)")
        }
        var (idle, unknown): ([String], [String]) = ([], [])
        func finish(_ table: SettingsTable, idle keys: [String]) {
            idle += keys.filter(table.isSet).map(table.place)
            unknown += table.unseen.map(table.place)
        }
        root = try file.string("root")
        state = try file.string("state")
        oomScore = try file.integer("oom_score")
        disabledPlugins = try file.strings("disabled_plugins") ?? []
        requiredPlugins = try file.strings("required_plugins") ?? []
        imports = try file.strings("imports") ?? []
        if let grpc = try file.table("grpc") {
            address = try grpc.string("address")
            if let group = try grpc.integer("gid"), group > 0 { self.group = UInt32(exactly: group) }
            maximumMessageSize = try [grpc.integer("max_recv_message_size"), grpc.integer("max_send_message_size")]
                .compactMap { $0 }.filter { $0 > 0 }.max()
            finish(
                grpc, idle: ["uid", "tcp_address", "tcp_tls_ca", "tcp_tls_cert", "tcp_tls_key", "tcp_tls_common_name"])
        }
        if let debug = try file.table("debug") {
            level = try debug.string("level").flatMap { $0.isEmpty ? nil : $0 }
            finish(debug, idle: ["address", "uid", "gid", "format"])
        }
        if let timeouts = try file.table("timeouts") {
            for name in timeouts.keys { self.timeouts[name] = try timeouts.duration(name) }
        }
        if let plugins = try file.table("plugins") { try read(plugins, finish) }
        finish(
            file,
            idle: [
                "plugin_dir", "temp", "metrics", "cgroup", "ttrpc", "proxy_plugins", "stream_processors",
            ])
        if !idle.isEmpty { remarks.append("\(path): without effect here: \(idle.joined(separator: ", "))") }
        if !unknown.isEmpty { remarks.append("\(path): unknown keys, ignored: \(unknown.joined(separator: ", "))") }
    }

    private mutating func read(
        _ plugins: SettingsTable, _ finish: (SettingsTable, [String]) -> Void
    ) throws {
        if let scheduler = try plugins.table("io.containerd.gc.v1.scheduler") {
            collection.deletionThreshold = try scheduler.integer("deletion_threshold") ?? collection.deletionThreshold
            collection.pauseThreshold = try scheduler.number("pause_threshold") ?? collection.pauseThreshold
            collection.scheduleDelay = try scheduler.duration("schedule_delay") ?? collection.scheduleDelay
            collection.startupDelay = try scheduler.duration("startup_delay") ?? collection.startupDelay
            guard (0...0.5).contains(collection.pauseThreshold), collection.deletionThreshold >= 0 else {
                throw SettingsError(
                    "\(plugins.file): \(scheduler.name): pause_threshold is from 0 to 0.5, deletion_threshold from 0 on"
                )
            }
            finish(scheduler, ["mutation_threshold"])
        }
        // Every part of containerd has a table here; those of parts that are not there are passed over.
        finish(plugins, plugins.unseen.filter { $0.hasPrefix("io.containerd.") || $0 == "cri" || $0 == "linux" })
    }

    /// Reads a file and those that it imports: what a later one sets counts.
    ///
    /// - Throws: `SettingsError`; `CocoaError` when a file cannot be read.
    package static func load(_ path: String) throws -> ConfigurationFile {
        var seen = Set(Paths.matching(path))
        return try load(path, &seen)
    }

    private static func load(_ path: String, _ seen: inout Set<String>) throws -> ConfigurationFile {
        var result = try ConfigurationFile(String(contentsOfFile: path, encoding: .utf8), path: path)
        for pattern in result.imports {
            let pattern =
                pattern.hasPrefix("/") ? pattern : (path as NSString).deletingLastPathComponent + "/" + pattern
            for match in Paths.matching(pattern) where seen.insert(match).inserted {
                result.merge(try load(match, &seen))
            }
        }
        return result
    }

    private mutating func merge(_ other: ConfigurationFile) {
        root = other.root ?? root
        state = other.state ?? state
        address = other.address ?? address
        group = other.group ?? group
        maximumMessageSize = other.maximumMessageSize ?? maximumMessageSize
        level = other.level ?? level
        oomScore = other.oomScore ?? oomScore
        disabledPlugins += other.disabledPlugins
        requiredPlugins += other.requiredPlugins
        if other.collection != CollectionSettings() { collection = other.collection }
        timeouts.merge(other.timeouts) { $1 }
        remarks += other.remarks
    }
}
