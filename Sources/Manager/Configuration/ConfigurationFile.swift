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
    /// The user who may connect beside the manager's own.
    package var user: UInt32?
    /// The group whose members may connect.
    package var group: UInt32?
    package var maximumMessageSize: Int?
    package var level: String?
    /// How log lines are written: `text` or `json`.
    package var logFormat: String?
    package var debug = SocketSettings()
    package var metricsAddress: String?
    package var hasCallDurations: Bool?
    /// By their ids.
    package var streamProcessors: [String: StreamProcessor] = [:]
    package var oomScore: Int?
    /// Parts that are not started, as `io.containerd.snapshotter.v1.native` or `native`.
    package var disabledPlugins: [String] = []
    /// Parts without which the manager does not start.
    package var requiredPlugins: [String] = []
    package var collection = CollectionSettings()
    /// Where clients install programs from images.
    package var installFolder: String?
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
            user = try grpc.identity("uid")
            group = try grpc.identity("gid")
            maximumMessageSize = try [grpc.integer("max_recv_message_size"), grpc.integer("max_send_message_size")]
                .compactMap { $0 }.filter { $0 > 0 }.max()
            // What containerd serves there is the CRI alone.
            finish(grpc, idle: ["tcp_address", "tcp_tls_ca", "tcp_tls_cert", "tcp_tls_key", "tcp_tls_common_name"])
        }
        if let debug = try file.table("debug") {
            level = try debug.string("level").flatMap { $0.isEmpty ? nil : $0 }
            logFormat = try debug.string("format").flatMap { $0.isEmpty ? nil : $0 }
            guard ["text", "json", nil].contains(logFormat) else {
                throw SettingsError("\(path): debug.format: \"text\" or \"json\"")
            }
            self.debug.address = try debug.address("address")
            self.debug.user = try debug.identity("uid")
            self.debug.group = try debug.identity("gid")
            finish(debug, idle: [])
        }
        if let metrics = try file.table("metrics") {
            metricsAddress = try metrics.address("address")
            hasCallDurations = try metrics.flag("grpc_histogram")
            finish(metrics, idle: [])
        }
        if let processors = try file.table("stream_processors") { try readProcessors(processors, finish) }
        if let timeouts = try file.table("timeouts") {
            for name in timeouts.keys { self.timeouts[name] = try timeouts.duration(name) }
        }
        if let plugins = try file.table("plugins") { try read(plugins, finish) }
        finish(
            file,
            idle: [
                "plugin_dir", "temp", "cgroup", "ttrpc", "proxy_plugins",
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
        if let opt = try plugins.table("io.containerd.internal.v1.opt") {
            installFolder = try opt.string("path").flatMap { $0.isEmpty ? nil : $0 }
            finish(opt, [])
        }
        // Every part of containerd has a table here; those of parts that are not there are passed over.
        finish(plugins, plugins.unseen.filter { $0.hasPrefix("io.containerd.") || $0 == "cri" || $0 == "linux" })
    }

    private mutating func readProcessors(
        _ processors: SettingsTable, _ finish: (SettingsTable, [String]) -> Void
    ) throws {
        for id in processors.keys {
            guard let table = try processors.table(id) else { continue }
            let processor = StreamProcessor(
                id: id, accepts: try table.strings("accepts") ?? [], returns: try table.string("returns") ?? "",
                path: try table.string("path") ?? "", arguments: try table.strings("args") ?? [],
                environment: try table.strings("env") ?? [])
            guard !processor.path.isEmpty, !processor.returns.isEmpty else {
                throw SettingsError("\(table.file): \(table.name): path and returns must be set")
            }
            streamProcessors[id] = processor
            finish(table, [])
        }
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
        user = other.user ?? user
        group = other.group ?? group
        maximumMessageSize = other.maximumMessageSize ?? maximumMessageSize
        level = other.level ?? level
        logFormat = other.logFormat ?? logFormat
        if other.debug != SocketSettings() { debug = other.debug }
        metricsAddress = other.metricsAddress ?? metricsAddress
        hasCallDurations = other.hasCallDurations ?? hasCallDurations
        streamProcessors.merge(other.streamProcessors) { $1 }
        oomScore = other.oomScore ?? oomScore
        disabledPlugins += other.disabledPlugins
        requiredPlugins += other.requiredPlugins
        if other.collection != CollectionSettings() { collection = other.collection }
        installFolder = other.installFolder ?? installFolder
        timeouts.merge(other.timeouts) { $1 }
        remarks += other.remarks
    }
}

extension SettingsTable {
    /// The number of a user or a group; nil for none and for 0, containerd's default, which names nobody beside root.
    fileprivate func identity(_ key: String) throws -> UInt32? {
        guard let number = try integer(key), number != 0 else { return nil }
        guard let number = UInt32(exactly: number) else {
            throw SettingsError("\(file): \(place(key)): \(number) is no user or group")
        }
        return number
    }

    /// An address; nil for an empty one.
    fileprivate func address(_ key: String) throws -> String? {
        try string(key).flatMap { $0.isEmpty ? nil : $0 }
    }
}
