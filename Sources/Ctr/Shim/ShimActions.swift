import ArgumentParser
import ContainerdAPI
import SwiftProtobuf
import TTRPC

/// `ukctr shim start`
struct ShimStartCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start", abstract: "Starts a process that has been created or added.")

    @OptionGroup var target: ShimTarget
    @Option(help: "An added process in place of the container's first.")
    var execID = ""

    func run() throws {
        var request = Containerd_Task_V2_StartRequest()
        request.id = try target.container
        request.execID = execID
        let answer: Containerd_Task_V2_StartResponse = try target.call("Start", request)
        var table = Table("PID")
        table.add("\(answer.pid)")
        try target.show(answer, table)
    }
}

/// `ukctr shim kill`
struct ShimKillCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "kill", abstract: "Sends a signal to a process.")

    @OptionGroup var target: ShimTarget
    @Option(help: "An exec'd process in place of the container's first.")
    var execID = ""
    @Flag(help: "To every process of the container.")
    var all = false
    @Argument(help: "The signal's number.")
    var signal: UInt32 = 15

    func run() throws {
        var request = Containerd_Task_V2_KillRequest()
        request.id = try target.container
        request.execID = execID
        request.signal = signal
        request.all = all
        let _: Google_Protobuf_Empty = try target.call("Kill", request)
    }
}

/// `ukctr shim wait`
struct ShimWaitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait", abstract: "Waits for the end of a process and shows its exit code.")

    @OptionGroup var target: ShimTarget
    @Option(help: "An exec'd process in place of the container's first.")
    var execID = ""

    func run() throws {
        var request = Containerd_Task_V2_WaitRequest()
        request.id = try target.container
        request.execID = execID
        let answer: Containerd_Task_V2_WaitResponse = try target.call("Wait", request)
        var table = Table("EXIT", "AT")
        table.add("\(answer.exitStatus)", "\(answer.exitedAt.seconds)")
        try target.show(answer, table)
    }
}

/// `ukctr shim delete`
struct ShimDeleteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Removes a container, or a process, that has ended.")

    @OptionGroup var target: ShimTarget
    @Option(help: "An exec'd process in place of the container.")
    var execID = ""

    func run() throws {
        var request = Containerd_Task_V2_DeleteRequest()
        request.id = try target.container
        request.execID = execID
        let answer: Containerd_Task_V2_DeleteResponse = try target.call("Delete", request)
        var table = Table("PID", "EXIT")
        table.add("\(answer.pid)", "\(answer.exitStatus)")
        try target.show(answer, table)
    }
}

/// `ukctr shim pause`
struct ShimPauseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "pause", abstract: "Stops a container where it is.")

    @OptionGroup var target: ShimTarget

    func run() throws {
        var request = Containerd_Task_V2_PauseRequest()
        request.id = try target.container
        let _: Google_Protobuf_Empty = try target.call("Pause", request)
    }
}

/// `ukctr shim resume`
struct ShimResumeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "resume", abstract: "Lets a paused container go on.")

    @OptionGroup var target: ShimTarget

    func run() throws {
        var request = Containerd_Task_V2_ResumeRequest()
        request.id = try target.container
        let _: Google_Protobuf_Empty = try target.call("Resume", request)
    }
}

/// `ukctr shim resize`
struct ShimResizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resize", abstract: "Sets the size of a process's terminal.")

    @OptionGroup var target: ShimTarget
    @Option(help: "An exec'd process in place of the container's first.")
    var execID = ""
    @Argument(help: "Characters in a line.")
    var columns: UInt32
    @Argument(help: "Lines.")
    var rows: UInt32

    func run() throws {
        var request = Containerd_Task_V2_ResizePtyRequest()
        request.id = try target.container
        request.execID = execID
        request.width = columns
        request.height = rows
        let _: Google_Protobuf_Empty = try target.call("ResizePty", request)
    }
}

/// `ukctr shim close-io`
struct ShimCloseIOCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "close-io", abstract: "Ends a process's standard input.")

    @OptionGroup var target: ShimTarget
    @Option(help: "An exec'd process in place of the container's first.")
    var execID = ""

    func run() throws {
        var request = Containerd_Task_V2_CloseIORequest()
        request.id = try target.container
        request.execID = execID
        request.stdin = true
        let _: Google_Protobuf_Empty = try target.call("CloseIO", request)
    }
}

/// `ukctr shim shutdown`
struct ShimShutdownCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shutdown", abstract: "Ends a shim that has no container left; one that has goes on.")

    @OptionGroup var target: ShimTarget

    func run() throws {
        var request = Containerd_Task_V2_ShutdownRequest()
        request.id = try target.container
        let _: Google_Protobuf_Empty = try target.call("Shutdown", request)
    }
}
