import ArgumentParser
import Runtime
import SystemPackage

/// What `create` and `run` have in common.
struct CreationOptions: ParsableArguments {
    @Option(help: "Folder of the bundle.")
    var bundle = "."
    @Option(help: "Unix socket that gets the terminal's master.")
    var consoleSocket: String?
    @Option(help: "File that gets the process id of the container's first process.")
    var pidFile: String?
    @Option(help: "How many descriptors from 3 on the process inherits.")
    var preserveFds = 0
    @Flag(help: "Accepted for runc's sake: nothing is pivoted.")
    var noPivot = false
    @Flag(help: "Accepted for runc's sake: containers have no keyrings.")
    var noNewKeyring = false

    static let names: Set<String> = [
        "bundle", "console-socket", "pid-file", "preserve-fds", "no-pivot", "no-new-keyring",
    ]

    var request: CreationRequest {
        CreationRequest(
            bundle: bundle, consoleSocket: consoleSocket, pidFile: pidFile, preservedDescriptors: preserveFds)
    }
}

/// What `create` and `run` are asked for.
struct CreationRequest {
    var bundle = "."
    var consoleSocket: String?
    var pidFile: String?
    var preservedDescriptors = 0

    func create(_ id: String, in store: ContainerStore) throws {
        do {
            _ = try store.create(id, bundle: FilePath(bundle), options: options(isDetached: true))
        } catch {
            throw RuntimeError("runu create failed: \(error)")
        }
    }

    func run(_ id: String, in store: ContainerStore, isDetached: Bool, keep: Bool) throws {
        let code: Int32
        do {
            code = try store.run(
                id, bundle: FilePath(bundle), options: options(isDetached: isDetached), keep: keep)
        } catch {
            throw RuntimeError("runu run failed: \(error)")
        }
        if code != 0 { throw ExitCode(code) }
    }

    private func options(isDetached: Bool) -> ProcessOptions {
        ProcessOptions(
            isDetached: isDetached, pidFile: pidFile.map { FilePath($0) },
            consoleSocket: consoleSocket.map { FilePath($0) }, preservedDescriptors: preservedDescriptors)
    }
}

/// `runu create`.
struct Create: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Make a container, whose process then waits for start.")

    @ParentCommand var runu: Runu
    @OptionGroup var options: CreationOptions
    @Argument(help: "A name for the container.") var id: String

    func run() throws {
        try options.request.create(id, in: runu.store)
    }
}

/// `runu run`.
struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Make a container and start it.")

    @ParentCommand var runu: Runu
    @OptionGroup var options: CreationOptions
    @Flag(help: "Do not wait for the container.") var detach = false
    @Flag(help: "Do not delete the container after it has ended.") var keep = false
    @Flag(help: "Accepted for runc's sake.") var noSubreaper = false
    @Argument(help: "A name for the container.") var id: String

    func run() throws {
        try options.request.run(id, in: runu.store, isDetached: detach, keep: keep)
    }
}
