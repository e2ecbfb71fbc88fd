import ArgumentParser
import ContainerdAPI
import SwiftProtobuf
import TTRPC

/// `ukctr shim start`
struct ShimStartCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start", abstract: "Starts a process that has been created or added.")

    @OptionGroup var process: ShimProcess

    func run() throws {
        let answer: Containerd_Task_V2_StartResponse = try process.call("Start", Containerd_Task_V2_StartRequest())
        var table = Table("PID")
        table.add("\(answer.pid)")
        try process.target.show(answer, table)
    }
}

/// `ukctr shim kill`
struct ShimKillCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "kill", abstract: "Sends a signal to a process.")

    @OptionGroup var process: ShimProcess
    @Flag(help: "To every process of the container.")
    var all = false
    @Argument(help: "A number or a name such as SIGKILL.")
    var signal = "SIGTERM"

    func run() throws {
        var request = Containerd_Task_V2_KillRequest()
        request.signal = try signalNumber(signal)
        request.all = all
        let _: Google_Protobuf_Empty = try process.call("Kill", request)
    }
}

/// `ukctr shim wait`
struct ShimWaitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait", abstract: "Waits for the end of a process and shows its exit code.")

    @OptionGroup var process: ShimProcess

    func run() throws {
        let answer: Containerd_Task_V2_WaitResponse = try process.call("Wait", Containerd_Task_V2_WaitRequest())
        var table = Table("EXIT", "AT")
        table.add("\(answer.exitStatus)", "\(answer.exitedAt.seconds)")
        try process.target.show(answer, table)
    }
}

/// `ukctr shim delete`
struct ShimDeleteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Removes a container, or a process, that has ended.")

    @OptionGroup var process: ShimProcess

    func run() throws {
        let answer: Containerd_Task_V2_DeleteResponse = try process.call("Delete", Containerd_Task_V2_DeleteRequest())
        var table = Table("PID", "EXIT")
        table.add("\(answer.pid)", "\(answer.exitStatus)")
        try process.target.show(answer, table)
    }
}

/// `ukctr shim pause`
struct ShimPauseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "pause", abstract: "Stops a container where it is.")

    @OptionGroup var target: ShimTarget

    func run() throws {
        let _: Google_Protobuf_Empty = try target.call("Pause", Containerd_Task_V2_PauseRequest())
    }
}

/// `ukctr shim resume`
struct ShimResumeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "resume", abstract: "Lets a paused container go on.")

    @OptionGroup var target: ShimTarget

    func run() throws {
        let _: Google_Protobuf_Empty = try target.call("Resume", Containerd_Task_V2_ResumeRequest())
    }
}

/// `ukctr shim resize`
struct ShimResizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resize", abstract: "Sets the size of a process's terminal.")

    @OptionGroup var process: ShimProcess
    @Argument(help: "Characters in a line.")
    var columns: UInt32
    @Argument(help: "Lines.")
    var rows: UInt32

    func run() throws {
        var request = Containerd_Task_V2_ResizePtyRequest()
        request.width = columns
        request.height = rows
        let _: Google_Protobuf_Empty = try process.call("ResizePty", request)
    }
}

/// `ukctr shim close-io`
struct ShimCloseIOCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "close-io", abstract: "Ends a process's standard input.")

    @OptionGroup var process: ShimProcess

    func run() throws {
        var request = Containerd_Task_V2_CloseIORequest()
        request.stdin = true
        let _: Google_Protobuf_Empty = try process.call("CloseIO", request)
    }
}

/// `ukctr shim shutdown`
struct ShimShutdownCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shutdown", abstract: "Ends a shim that has no container left; one that has goes on.")

    @OptionGroup var target: ShimTarget

    func run() throws {
        let _: Google_Protobuf_Empty = try target.call("Shutdown", Containerd_Task_V2_ShutdownRequest())
    }
}
