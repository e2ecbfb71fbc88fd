// Unsafe pointers: the byte with which the program says that it is ready.
import CHost
import Glibc
import Host
import SystemPackage
import TTRPC

/// A program that takes what a process writes: `binary://PATH?ARGUMENT=VALUE` in place of a fifo (containerd's
/// core/runtime/v2/logging). It reads the output from descriptor 3 and the error from 4, and closes 5 when it is ready.
package final class LogProgram {
    private static let readyMilliseconds: UInt64 = 10_000

    /// The writing ends of output and error.
    let output: FileDescriptor
    let error: FileDescriptor
    private let name: String
    private let ready: FileDescriptor

    /// Starts the program; nobody waits for its end: it has its streams' ends of file to go by.
    ///
    /// - Throws: `TTRPCError` when it cannot be executed.
    init(uri: String, container: String, namespace: String) throws {
        let (path, arguments) = LogProgram.parse(uri)
        name = path
        var opened: [CInt] = []
        do {
            for _ in 0..<3 {
                var ends: [CInt] = [-1, -1]
                guard pipe(&ends) == 0 else { throw HostError.last("create", "pipe") }
                opened += ends
                for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            }
            let null = open("/dev/null", O_RDWR | O_CLOEXEC)
            guard null >= 0 else { throw HostError.last("open", "/dev/null") }
            defer { close(null) }
            let nothing = FileDescriptor(rawValue: null)
            var program = Spawn(
                FilePath(path), arguments: [path] + arguments,
                descriptors: [
                    nothing, nothing, nothing, FileDescriptor(rawValue: opened[0]), FileDescriptor(rawValue: opened[2]),
                    FileDescriptor(rawValue: opened[5]),
                ])
            program.environment += ["CONTAINER_ID=\(container)", "CONTAINER_NAMESPACE=\(namespace)"]
            _ = try program.start()
        } catch {
            for end in opened { close(end) }
            throw TTRPCError(.unknown, "failed to start logging program \(path): \(error): unknown")
        }
        for index in [0, 2, 5] { close(opened[index]) }
        output = FileDescriptor(rawValue: opened[1])
        error = FileDescriptor(rawValue: opened[3])
        ready = FileDescriptor(rawValue: opened[4])
    }

    /// Calls `completion` when the program is ready, has ended, or has taken too long, which is an error.
    func whenReady(_ loop: EventLoop, _ completion: @escaping (TTRPCError?) -> Void) {
        var watch: EventLoop.Watch?
        var timer: EventLoop.TimerToken?
        let finish = { [self] (error: TTRPCError?) in
            if let watch { loop.unwatch(watch) }
            loop.cancel(timer)
            try? ready.close()
            completion(error)
        }
        timer = loop.after(LogProgram.readyMilliseconds) { [name] in
            finish(TTRPCError(.deadlineExceeded, "logging program \(name) was not ready in time"))
        }
        watch = try? loop.watch(ready.rawValue, .read) { _ in finish(nil) }
        if watch == nil { finish(nil) }
    }

    /// The path and the arguments in a URI: of each pair of its query first the name, then the value.
    package static func parse(_ uri: String) -> (path: String, arguments: [String]) {
        let rest = uri.utf8.dropFirst("binary://".utf8.count)
        let parts = rest.split(separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
        var arguments: [String] = []
        for pair in (parts.count > 1 ? parts[1] : "".utf8[...]).split(separator: UInt8(ascii: "&")) {
            for word in pair.split(separator: UInt8(ascii: "="), maxSplits: 1) {
                arguments.append(decode(word, plusIsSpace: true))
            }
        }
        return (decode(parts[0], plusIsSpace: false), arguments)
    }

    private static func decode(_ text: some Collection<UInt8>, plusIsSpace: Bool) -> String {
        var result: [UInt8] = []
        var rest = Array(text)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                result.append(value)
                rest = rest.dropFirst(2)
            } else {
                result.append(plusIsSpace && byte == UInt8(ascii: "+") ? 0x20 : byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
