import ArgumentParser

/// `uk logout`
struct Logout: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Log out from a registry.")
    @Argument(help: "The registry; docker's own when none is named.")
    var server: String?

    func run() throws {
        let server = DockerConfig.server(named: server ?? "")
        Console.print("Removing login credentials for \(server)")
        var config = try DockerConfig()
        try config.forget(server)
    }
}
