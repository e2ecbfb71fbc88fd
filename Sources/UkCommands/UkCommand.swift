import ArgumentParser

/// `uk`: docker's words for containers, spoken to ukd or any other engine with the Docker Engine API.
struct UkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "uk",
        abstract: "Run containers, each with a kernel of its own in user space.",
        discussion: """
            uk speaks to ukd, the engine, on the socket that -H or DOCKER_HOST names, else on your own. It takes docker's \
            words, flags and output; `uk chain` shows the processes behind your containers.
            """,
        version: "uk version \(Engine.version)",
        groupedSubcommands: [
            CommandGroup(
                name: "Containers",
                subcommands: [
                    Run.self, Create.self, Start.self, ListContainers.self, Logs.self, Exec.self, Attach.self,
                    Stop.self, Kill.self, Restart.self, Pause.self, Unpause.self, Rename.self, Remove.self, Wait.self,
                    Top.self, Stats.self, Port.self, Diff.self, Copy.self, Export.self, Commit.self, Update.self,
                ]),
            CommandGroup(
                name: "Images",
                subcommands: [
                    Images.self, Pull.self, Push.self, Load.self, Import.self, Save.self, Tag.self, RemoveImage.self,
                    History.self,
                ]),
            CommandGroup(
                name: "Engine",
                subcommands: [
                    Chain.self, Version.self, Info.self, Events.self, Inspect.self, Login.self, Logout.self,
                    VolumeGroup.self, NetworkGroup.self, ContainerPrune.self, ImagePrune.self, SystemPrune.self,
                    CompletionScript.self,
                ]),
        ],
        helpNames: .shortAndLong)

    @Option(
        name: [.customShort("H"), .long], help: ArgumentHelp("The engine's socket to connect to.", valueName: "address")
    )
    var host: String?
    @Flag(name: [.customShort("D"), .long], help: "Accepted for docker's sake.")
    var debug = false
}
