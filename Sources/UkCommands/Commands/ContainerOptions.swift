import ArgumentParser
import EngineClient

/// The options that `run` and `create` share: how the container is to be.
struct ContainerOptions: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Keep STDIN open even if not attached.")
    var interactive = false
    @Flag(name: .shortAndLong, help: "Allocate a pseudo-TTY.")
    var tty = false
    @Flag(name: .customLong("rm"), help: "Remove the container and its anonymous volumes when it exits.")
    var remove = false
    @Option(help: "Assign a name to the container.")
    var name: String?
    @Option(name: .shortAndLong, help: ArgumentHelp("Set an environment variable.", valueName: "name=value"))
    var env: [String] = []
    @Option(help: ArgumentHelp("Read environment variables from a file.", valueName: "file"))
    var envFile: [String] = []
    @Option(name: .shortAndLong, help: ArgumentHelp("Working directory inside the container.", valueName: "path"))
    var workdir: String?
    @Option(name: .shortAndLong, help: ArgumentHelp("User, or uid, and group.", valueName: "user[:group]"))
    var user: String?
    @Option(
        name: .shortAndLong, help: ArgumentHelp("Bind mount a path or a volume.", valueName: "source:path[:ro]"))
    var volume: [String] = []
    @Option(help: ArgumentHelp("Attach a mount: type=bind,source=...,target=...[,readonly].", valueName: "mount"))
    var mount: [String] = []
    @Option(help: ArgumentHelp("Mount a tmpfs.", valueName: "path[:options]"))
    var tmpfs: [String] = []
    @Option(help: "Overwrite the image's entrypoint.")
    var entrypoint: String?
    @Option(name: [.customShort("h"), .long], help: "Container host name.")
    var hostname: String?
    @Option(help: "Container domain name.")
    var domainname: String?
    @Option(name: .shortAndLong, help: ArgumentHelp("Set metadata.", valueName: "name=value"))
    var label: [String] = []
    @Option(help: ArgumentHelp("Read labels from a file.", valueName: "file"))
    var labelFile: [String] = []
    @Option(
        name: .shortAndLong, help: ArgumentHelp("Connect the container to a network.", valueName: "network"))
    var network: String?
    @Option(help: .hidden)
    var net: String?
    @Option(help: "Add a name for the container within its network.")
    var networkAlias: [String] = []
    @Option(help: "IPv4 address.")
    var ip: String?
    @Option(
        name: .shortAndLong, help: ArgumentHelp("Publish a port.", valueName: "[[ip:]host-port:]port[/proto]"))
    var publish: [String] = []
    @Flag(name: [.customShort("P"), .long], help: "Publish all exposed ports to random ports.")
    var publishAll = false
    @Option(help: ArgumentHelp("Expose a port.", valueName: "port[/proto]"))
    var expose: [String] = []
    @Option(help: "Set a DNS server.")
    var dns: [String] = []
    @Option(help: "Set a DNS search domain.")
    var dnsSearch: [String] = []
    @Option(help: "Set a DNS option.")
    var dnsOption: [String] = []
    @Option(help: ArgumentHelp("Add a line to /etc/hosts.", valueName: "host:ip"))
    var addHost: [String] = []
    @Option(help: ArgumentHelp("Restart policy: no, on-failure[:n], always, unless-stopped.", valueName: "policy"))
    var restart: String?
    @Option(help: ArgumentHelp("Signal that stops the container.", valueName: "signal"))
    var stopSignal: String?
    @Option(help: ArgumentHelp("Seconds to wait before killing it on stop.", valueName: "seconds"))
    var stopTimeout: Int?
    @Option(help: ArgumentHelp("When to pull the image: always, missing, never.", valueName: "policy"))
    var pull = "missing"
    @Flag(name: .shortAndLong, help: "Suppress the pull's output.")
    var quiet = false
    @Option(help: "Platform, when the image has several.")
    var platform: String?
    @Option(help: ArgumentHelp("Write the container's id to a file.", valueName: "file"))
    var cidfile: String?
    @OptionGroup(title: "Limits")
    var limits: LimitOptions
    @OptionGroup(title: "Security and isolation")
    var isolation: IsolationOptions

    func validate() throws {
        guard ["always", "missing", "never"].contains(pull) else {
            throw ValidationError("invalid pull option: '\(pull)': must be one of \"always\", \"missing\" or \"never\"")
        }
        if remove, let restart, restart != "no" {
            throw ValidationError("conflicting options: cannot specify both --restart and --rm")
        }
    }
}
