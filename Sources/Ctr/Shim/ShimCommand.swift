import ArgumentParser

/// `ukctr shim`: speaks to a container's shim directly, past ukmanager.
public struct ShimCommand: ParsableCommand {
    /// The command's words.
    public static let configuration = CommandConfiguration(
        commandName: "shim", abstract: "Speaks to a container's shim directly.",
        discussion: """
            The shim is found by its container (--id, --namespace), in the folder of ukmanager or of containerd, or by its \
            socket (--address).
            """,
        subcommands: [
            ShimStateCommand.self, ShimStartCommand.self, ShimExecCommand.self, ShimKillCommand.self,
            ShimPidsCommand.self, ShimStatsCommand.self, ShimWaitCommand.self, ShimDeleteCommand.self,
            ShimPauseCommand.self, ShimResumeCommand.self, ShimResizeCommand.self, ShimCloseIOCommand.self,
            ShimConnectCommand.self, ShimShutdownCommand.self,
        ])

    /// A command line's values, to be parsed.
    public init() {}
}
