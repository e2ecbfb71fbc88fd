import ArgumentParser
import EngineClient

/// The options of `run` and `create` that say what a container may do and what it shares with the host.
struct IsolationOptions: ParsableArguments {
    @Flag(help: "Give extended privileges to the container.")
    var privileged = false
    @Flag(help: "Mount the container's root file system as read only.")
    var readOnly = false
    @Flag(name: .customLong("init"), help: "Run an init that forwards signals and reaps processes.")
    var runInit = false
    @Option(help: "Add a capability.")
    var capAdd: [String] = []
    @Option(help: "Drop a capability.")
    var capDrop: [String] = []
    @Option(help: "Additional group.")
    var groupAdd: [String] = []
    @Option(help: ArgumentHelp("A security option.", valueName: "option"))
    var securityOpt: [String] = []
    @Option(help: ArgumentHelp("Add a device of the host.", valueName: "path[:path[:rwm]]"))
    var device: [String] = []
    @Option(help: ArgumentHelp("A kernel setting.", valueName: "name=value"))
    var sysctl: [String] = []
    @Option(help: "PID namespace: host, container:NAME.")
    var pid: String?
    @Option(help: "IPC mode.")
    var ipc: String?
    @Option(help: "UTS namespace: host.")
    var uts: String?
    @Option(help: "User namespace: host.")
    var userns: String?
    @Option(help: "Cgroup namespace: host, private.")
    var cgroupns: String?
    @Option(help: "The runtime to use.")
    var runtime: String?
    @Option(help: "Logging driver.")
    var logDriver: String?
    @Option(help: ArgumentHelp("An option of the logging driver.", valueName: "name=value"))
    var logOpt: [String] = []
    @Option(help: ArgumentHelp("Mount the volumes of another container.", valueName: "container"))
    var volumesFrom: [String] = []

    /// The members of the Engine API's HostConfig that these options set.
    func members() -> JSONValue {
        var config = JSONValue.object([])
        if privileged { config["Privileged"] = true }
        if readOnly { config["ReadonlyRootfs"] = true }
        if runInit { config["Init"] = true }
        for (name, values) in [
            ("CapAdd", capAdd), ("CapDrop", capDrop), ("GroupAdd", groupAdd), ("SecurityOpt", securityOpt),
            ("VolumesFrom", volumesFrom),
        ] where !values.isEmpty {
            config[name] = .strings(values)
        }
        for (name, value) in [
            ("PidMode", pid), ("IpcMode", ipc), ("UTSMode", uts), ("UsernsMode", userns), ("CgroupnsMode", cgroupns),
            ("Runtime", runtime),
        ] {
            if let value { config[name] = .string(value) }
        }
        if !sysctl.isEmpty { config["Sysctls"] = pairs(sysctl) }
        if logDriver != nil || !logOpt.isEmpty {
            config["LogConfig"] = ["Type": .string(logDriver ?? ""), "Config": pairs(logOpt)]
        }
        if !device.isEmpty {
            config["Devices"] = .array(
                device.map { text in
                    let parts = text.split(separator: ":").map(String.init)
                    return [
                        "PathOnHost": .string(parts[0]),
                        "PathInContainer": .string(parts.count > 1 ? parts[1] : parts[0]),
                        "CgroupPermissions": .string(parts.count > 2 ? parts[2] : "rwm"),
                    ]
                })
        }
        return config
    }
}
