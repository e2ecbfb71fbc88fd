// Unsafe pointers: polling descriptors.
import Archive
import CHost
import ContainerdAPI
import Foundation
import Glibc
import Host
import RPC
import SwiftProtobuf
import SystemPackage

/// Runs a shim's program for its commands `start` and `delete` (containerd's shim contract, "Command line").
struct ShimLauncher: Sendable {
    let binary: FilePath
    let bundle: Bundle
    let configuration: ManagerConfiguration
    var isDebug = false

    /// Starts the shim of the bundle, and returns where it listens.
    func start(options: Google_Protobuf_Any?) throws -> String {
        let input = try options.map { try $0.serializedData() } ?? Data()
        let (status, output, errors) = try run(["start"], flags: ["-id", bundle.id], input: input)
        guard status == 0 else {
            let text = String(decoding: errors.isEmpty ? output : errors, as: UTF8.self)
            throw RPCError(
                .unknown, "\(binary): exit status \(status): \(text.trimmingCharacters(in: .whitespacesAndNewlines))")
        }
        return try Self.address(String(decoding: output, as: UTF8.self))
    }

    /// Lets the program clear up after a shim that died.
    func delete() throws -> Containerd_Task_V2_DeleteResponse {
        let (status, output, errors) = try run(["delete"], flags: ["-id", bundle.id, "-bundle", bundle.path.string])
        guard status == 0 else {
            let text = String(decoding: errors, as: UTF8.self)
            throw RPCError(
                .unknown,
                "\(binary) delete: exit status \(status): \(text.trimmingCharacters(in: .whitespacesAndNewlines))")
        }
        return try Containerd_Task_V2_DeleteResponse(serializedBytes: output)
    }

    /// The address in the answer to `start`: alone, or in containerd 2's JSON.
    static func address(_ answer: String) throws -> String {
        let answer = answer.trimmingCharacters(in: .whitespacesAndNewlines)
        guard answer.hasPrefix("{") else {
            guard !answer.isEmpty else { throw RPCError(.unknown, "the shim printed no address") }
            return answer
        }
        struct Parameters: Decodable {
            var address: String
            var `protocol`: String?
        }
        guard let parameters = try? JSONDecoder().decode(Parameters.self, from: Data(answer.utf8)) else {
            throw RPCError(.unknown, "the shim's answer is no bootstrap JSON: \(answer)")
        }
        guard parameters.protocol ?? "ttrpc" == "ttrpc" else {
            throw RPCError.unimplemented("shim that speaks \(parameters.protocol ?? "")")
        }
        return parameters.address
    }

    private func run(
        _ action: [String], flags: [String], input: Data = Data()
    ) throws -> (status: CInt, output: Data, errors: Data) {
        let own = configuration.publishBinary ?? Processes.ownProgram ?? "ukmanager"
        var arguments = [
            binary.lastComponent?.string ?? binary.string, "-namespace", bundle.namespace, "-address",
            configuration.address.string, "-publish-binary", own.string,
        ]
        if isDebug { arguments.append("-debug") }
        arguments += flags + action
        let inherited = Spawn.inheritedEnvironment().filter { entry in
            !["TTRPC_ADDRESS=", "GRPC_ADDRESS=", "NAMESPACE=", "MAX_SHIM_VERSION="].contains { entry.hasPrefix($0) }
        }
        let environment =
            inherited + [
                "GOMAXPROCS=2", "MAX_SHIM_VERSION=2", "TTRPC_ADDRESS=\(configuration.eventsAddress)",
                "GRPC_ADDRESS=\(configuration.address)", "NAMESPACE=\(bundle.namespace)",
            ]
        let (stdin, stdout, stderr) = (try Pipe(), try Pipe(), try Pipe())
        defer { [stdin, stdout, stderr].forEach { $0.close() } }
        var child = Spawn(
            binary, arguments: arguments, environment: environment,
            descriptors: [stdin.reading, stdout.writing, stderr.writing])
        child.workingDirectory = bundle.path
        let pid: pid_t
        do {
            pid = try child.start()
        } catch let error as HostError {
            throw RPCError(.unknown, "\(error)")
        }
        // Options are far smaller than what a pipe holds.
        if !input.isEmpty { _ = input.withUnsafeBytes { write(stdin.writing.rawValue, $0.baseAddress, $0.count) } }
        stdin.close()
        return try Self.collect(pid, stdout.reading, stderr.reading)
    }

    /// How long the program may take; it starts others, and does nothing itself.
    private static let timeout: Duration = .seconds(30)

    /// Reads what the program writes until it ends. The shim that it started may hold the pipes open, so their end is
    /// not waited for.
    private static func collect(
        _ pid: pid_t, _ stdout: FileDescriptor, _ stderr: FileDescriptor
    ) throws -> (CInt, Data, Data) {
        let pidfd = ukh_pidfd_open(pid)
        defer { if pidfd >= 0 { close(pidfd) } }
        var outputs = [Data(), Data()]
        for pipe in [stdout, stderr] { _ = ukh_set_nonblocking(pipe.rawValue, 1) }
        func drain(_ index: Int) -> Bool {
            var room = [UInt8](repeating: 0, count: 4096)
            while true {
                let count = Glibc.read(index == 0 ? stdout.rawValue : stderr.rawValue, &room, room.count)
                if count <= 0 { return count == 0 }
                if outputs[index].count < 1 << 20 { outputs[index].append(contentsOf: room[..<count]) }
            }
        }
        var descriptors = [
            pollfd(fd: stdout.rawValue, events: Int16(POLLIN), revents: 0),
            pollfd(fd: stderr.rawValue, events: Int16(POLLIN), revents: 0),
            pollfd(fd: pidfd, events: Int16(POLLIN), revents: 0),
        ]
        let clock = ContinuousClock()
        let deadline = clock.now + timeout
        while descriptors[2].revents == 0 {
            let left = max(.zero, deadline - clock.now)
            guard poll(&descriptors, 3, CInt(left / .milliseconds(1)) + 1) > 0 else {
                if clock.now < deadline { continue }
                kill(pid, SIGKILL)
                Processes.waitForEnd(of: pid)
                throw RPCError(.deadlineExceeded, "the shim's program did not end within \(timeout)")
            }
            for index in 0..<2 where descriptors[index].revents != 0 {
                if drain(index) { descriptors[index].fd = -1 }
            }
        }
        for index in 0..<2 where descriptors[index].fd >= 0 { _ = drain(index) }
        return (ukh_exit_code(Processes.waitForEnd(of: pid)), outputs[0], outputs[1])
    }
}

/// A pipe whose ends are closed on exec.
private final class Pipe {
    private(set) var reading: FileDescriptor
    private(set) var writing: FileDescriptor

    init() throws {
        (reading, writing) = try FileDescriptor.pipe()
        for end in [reading, writing] { _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC) }
    }

    func close() {
        for end in [reading, writing] where end.rawValue >= 0 { try? end.close() }
        (reading, writing) = (FileDescriptor(rawValue: -1), FileDescriptor(rawValue: -1))
    }
}
