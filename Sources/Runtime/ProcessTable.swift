import Glibc
import Host
import SystemPackage

/// The table of `runu ps`: the host's ps(1), with only a container's processes in it.
public enum ProcessTable {
    /// The lines of `ps OPTIONS` (`-ef` without any) whose PID column names one of `pids`.
    ///
    /// - Throws: `RuntimeError` when ps is missing or its output has no PID column.
    public static func text(of pids: [Int32], options: [String]) throws -> String {
        let lines = try output(of: options.isEmpty ? ["-ef"] : options).split(separator: "\n")
        guard let header = lines.first, let column = header.split(separator: " ").firstIndex(of: "PID") else {
            throw RuntimeError("couldn't find PID field in ps output")
        }
        let wanted = Set(pids.map { String($0) })
        let rows = lines.dropFirst().filter { line in
            let fields = line.split(separator: " ", maxSplits: column + 1)
            return fields.count > column && wanted.contains(String(fields[column]))
        }
        return ([header] + rows).map { $0 + "\n" }.joined()
    }

    private static func output(of options: [String]) throws -> String {
        let candidates: [String] = ["/bin/ps", "/usr/bin/ps"]
        guard let program = candidates.first(where: { access($0, X_OK) == 0 }) else {
            throw RuntimeError("ps is not installed on this host; use --format json")
        }
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else { throw HostError.last("create", "pipe") }
        let (reader, writer) = (FileDescriptor(rawValue: ends[0]), FileDescriptor(rawValue: ends[1]))
        defer { try? reader.close() }
        let pid: pid_t
        do {
            defer { try? writer.close() }
            pid = try Spawn(
                FilePath(program), arguments: ["ps"] + options, descriptors: [nil, writer, .standardError]
            ).start()
        }
        let text = String(decoding: try reader.readAll(), as: UTF8.self)
        guard Processes.waitForEnd(of: pid) == 0 else {
            throw RuntimeError("ps \(options.joined(separator: " ")) failed")
        }
        return text
    }
}
