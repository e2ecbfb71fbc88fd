import ArgumentParser

/// `uk network`
struct NetworkGroup: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "network", abstract: "Manage networks.",
        subcommands: [
            NetworkConnect.self, NetworkCreate.self, NetworkDisconnect.self, NetworkInspect.self, NetworkList.self,
            NetworkRemove.self, NetworkPrune.self,
        ])
}
