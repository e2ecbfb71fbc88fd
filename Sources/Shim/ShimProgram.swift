// Unsafe pointers: what is printed.
import Glibc
import Host
import SystemPackage

/// The shim's command line, from arguments to exit code.
public enum ShimProgram {
    /// The version that `-v` tells.
    static let version = Version.text

    /// Runs the program; `arguments` begin with its name.
    ///
    /// - Returns: the exit code: 0, 1 for a failure, 2 for a command line that is not understood.
    public static func run(_ arguments: [String]) -> CInt {
        do {
            let options = try ShimOptions(Array(arguments.dropFirst()))
            Log.isDebugging = options.isDebug
            if options.showsHelp {
                put(ShimOptions.usage, to: STDOUT_FILENO)
                return 0
            }
            if options.showsVersion {
                put("containerd-shim-runu-v2:\n  Version:  \(version)\n", to: STDOUT_FILENO)
                return 0
            }
            if options.showsInformation {
                let given = (try? FileDescriptor.standardInput.readAll(limit: 10 << 20)) ?? []
                put(RuntimeInformation.describe(options: given), to: STDOUT_FILENO)
                return 0
            }
            guard !options.namespace.isEmpty else {
                throw ShimUsageError(description: "shim namespace cannot be empty")
            }
            switch options.action {
            case .start: try StartCommand(options).run()
            case .delete: try DeleteCommand(options).run()
            case .serve: try Daemon.run(options)
            }
            return 0
        } catch let error as ShimUsageError {
            put("containerd-shim-runu-v2: \(error)\n\(ShimOptions.usage)", to: STDERR_FILENO)
            return 2
        } catch {
            put("containerd-shim-runu-v2: \(error)\n", to: STDERR_FILENO)
            return 1
        }
    }

    /// Writes all of `bytes`.
    static func put(_ bytes: [UInt8], to descriptor: CInt) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            rest.removeFirst(count)
        }
    }

    /// Writes all of `text`.
    static func put(_ text: String, to descriptor: CInt) { put(Array(text.utf8), to: descriptor) }
}
