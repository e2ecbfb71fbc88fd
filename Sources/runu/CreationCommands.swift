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

    func options(isDetached: Bool) -> ProcessOptions {
        ProcessOptions(
            isDetached: isDetached, pidFile: pidFile.map { FilePath($0) },
            consoleSocket: consoleSocket.map { FilePath($0) }, preservedDescriptors: preserveFds)
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
        do {
            _ = try runu.store.create(
                id, bundle: FilePath(options.bundle), options: options.options(isDetached: true))
        } catch {
            throw RuntimeError("runu create failed: \(error)")
        }
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
        let code: Int32
        do {
            code = try runu.store.run(
                id, bundle: FilePath(options.bundle), options: options.options(isDetached: detach), keep: keep)
        } catch {
            throw RuntimeError("runu run failed: \(error)")
        }
        if code != 0 { throw ExitCode(code) }
    }
}
