import ArgumentParser
import RPC

/// `ukctr images mount`: known, and refused with the way out.
struct MountImage: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mount", abstract: "Not there: nothing here mounts.")
    @Argument(parsing: .captureForPassthrough) var arguments: [String] = []

    func run() throws {
        throw RPCError.unimplemented(
            "images mount: nothing here mounts; `snapshots view KEY CHAIN` and `snapshots mounts FOLDER KEY` print how to"
        )
    }
}

/// `ukctr images unmount`
struct UnmountImage: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unmount", abstract: "Not there: nothing here mounts.")
    @Argument(parsing: .captureForPassthrough) var arguments: [String] = []

    func run() throws {
        throw RPCError.unimplemented(
            "images unmount: nothing here mounts; umount(8) and `snapshots rm KEY` undo what you did")
    }
}
