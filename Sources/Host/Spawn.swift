import CHost
import Glibc
import SystemPackage

/// A program to be started as a child of this process.
public struct Spawn: Sendable {
    /// Its path; PATH is not searched.
    public var executable: FilePath
    /// argv, the program's own name included.
    public var arguments: [String]
    /// `NAME=value` strings.
    public var environment: [String]
    /// Nil: this process's own.
    public var workingDirectory: FilePath?
    /// Descriptor `i` of the child is `descriptors[i]`; nil leaves the number closed. All others are closed.
    public var descriptors: [FileDescriptor?]
    /// Whether it gets a session of its own (setsid(2)).
    public var newSession = false
    /// The number, in the child, of the descriptor that becomes its controlling terminal.
    public var controllingTerminal: Int?
    /// A signal that the child gets when the thread that started it ends; 0 for none.
    public var parentDeathSignal: CInt = 0

    /// A program that inherits this process's environment and standard descriptors unless told otherwise.
    public init(
        _ executable: FilePath, arguments: [String], environment: [String] = Spawn.inheritedEnvironment(),
        descriptors: [FileDescriptor?] = [.standardInput, .standardOutput, .standardError]
    ) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.descriptors = descriptors
    }

    /// Starts the program and returns its process id; the caller reaps it.
    ///
    /// - Throws: `HostError`, also when the program could not be executed.
    public func start() throws -> pid_t {
        let argv = arguments.map { strdup($0) } + [nil]
        let envp = environment.map { strdup($0) } + [nil]
        defer { (argv + envp).forEach { free($0) } }
        let fds = descriptors.map { $0?.rawValue ?? -1 }
        let pid = argv.withUnsafeBufferPointer { argv in
            envp.withUnsafeBufferPointer { envp in
                fds.withUnsafeBufferPointer { fds in
                    withOptionalCString(workingDirectory?.string) { cwd in
                        var options = ukh_spawn_options()
                        argv.baseAddress!.withMemoryRebound(to: UnsafePointer<CChar>?.self, capacity: argv.count) {
                            options.argv = $0
                        }
                        envp.baseAddress!.withMemoryRebound(to: UnsafePointer<CChar>?.self, capacity: envp.count) {
                            options.envp = $0
                        }
                        options.cwd = cwd
                        options.fds = fds.baseAddress
                        options.fd_count = CInt(fds.count)
                        options.new_session = newSession ? 1 : 0
                        options.controlling_terminal = CInt(controllingTerminal ?? -1)
                        options.parent_death_signal = parentDeathSignal
                        return ukh_spawn(executable.string, &options)
                    }
                }
            }
        }
        return try HostError.check(pid, "execute", executable.string)
    }

    /// This process's environment as `NAME=value` strings.
    public static func inheritedEnvironment() -> [String] {
        var result: [String] = []
        var cursor = ukh_environment()
        while let entry = cursor?.pointee {
            result.append(String(cString: entry))
            cursor = cursor?.advanced(by: 1)
        }
        return result
    }
}

private func withOptionalCString<R>(_ string: String?, _ body: (UnsafePointer<CChar>?) -> R) -> R {
    guard let string else { return body(nil) }
    return string.withCString { body($0) }
}
