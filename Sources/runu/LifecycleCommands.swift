import ArgumentParser
import Host
import OCISpec
import Runtime

/// `runu start`.
struct Start: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start", abstract: "Execute the process of a created container.")

    @ParentCommand var runu: Runu
    @Argument(help: "The container.") var id: String

    func run() throws {
        var container = try runu.store.container(id)
        try container.start()
    }
}

/// `runu state`.
struct State: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "state", abstract: "Print the state of a container.")

    @ParentCommand var runu: Runu
    @Argument(help: "The container.") var id: String

    func run() throws {
        try State.show(runu.store.container(id))
    }

    static func show(_ container: Container) throws {
        print(String(decoding: JSON.indented(try container.state().text()), as: UTF8.self))
    }
}

/// `runu kill`.
struct Kill: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kill", abstract: "Send a signal to the first process of a container.")

    @ParentCommand var runu: Runu
    @Flag(help: "Send it to all of the container's processes.") var all = false
    @Argument(help: "The container.") var id: String
    @Argument(help: "Name or number.") var signal = "SIGTERM"

    func run() throws {
        guard let number = SignalNumber.named(signal) else { throw RuntimeError("unknown signal \"\(signal)\"") }
        try runu.store.container(id).kill(number, all: all)
    }
}

/// `runu delete`.
struct Delete: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Remove what is left of a container.")

    @ParentCommand var runu: Runu
    @Flag(help: "Kill the container if it is still running.") var force = false
    @Argument(help: "The container.") var id: String

    func run() throws {
        try runu.store.delete(id, force: force)
    }
}

/// `runu pause`.
struct Pause: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Stop the processes of a container where they are.")

    @ParentCommand var runu: Runu
    @Argument(help: "The container.") var id: String

    func run() throws {
        try runu.store.container(id).pause()
    }
}

/// `runu resume`.
struct Resume: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Let the processes of a paused container go on.")

    @ParentCommand var runu: Runu
    @Argument(help: "The container.") var id: String

    func run() throws {
        try runu.store.container(id).resume()
    }
}

/// `runu checkpoint`.
struct Checkpoint: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "checkpoint", abstract: "Not implemented.")

    @Argument(parsing: .allUnrecognized, help: .hidden) var arguments: [String] = []

    func run() throws {
        throw RuntimeError("checkpoint is not implemented: a container's state cannot be written to disk")
    }
}

/// `runu restore`.
struct Restore: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Not implemented.")

    @Argument(parsing: .allUnrecognized, help: .hidden) var arguments: [String] = []

    func run() throws {
        throw RuntimeError("restore is not implemented: there are no checkpoints to restore from")
    }
}

/// Prints `value` as JSON for people.
func printJSON(_ value: some Encodable, pretty: Bool = true) {
    guard let text = try? JSON.encode(value, pretty: pretty) else { return }
    print(String(decoding: text, as: UTF8.self))
}
