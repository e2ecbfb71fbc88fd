import ArgumentParser
import Glibc
import Host
import OCISpec
import Runtime
import SystemPackage

/// The command line, as runc has it.
struct Runu: ParsableCommand {
    static let version = Version.text

    // Every command below says its name too: ArgumentParser takes a millisecond to find the names by itself.
    static let configuration = CommandConfiguration(
        commandName: "runu",
        abstract: "An OCI runtime whose containers have a kernel of their own, in user space.",
        discussion: """
            A bundle is a folder with config.json and a root file system. runu needs no root and no feature of the host's \
            kernel but processes. It exits after every command; what runs is the container's ukernel and its processes.
            """,
        version: "runu version \(version)\nspec: \(RuntimeSpec.version)",
        subcommands: [
            Create.self, Start.self, Run.self, Exec.self, State.self, Kill.self, Delete.self, List.self, Ps.self,
            Pause.self, Resume.self, Update.self, Events.self, Spec.self, Features.self, Checkpoint.self, Restore.self,
        ])

    @Option(help: "Folder in which the state of containers is kept.")
    var root: String?
    @Option(help: "File to which errors and warnings are written as well.")
    var log: String?
    @Option(help: "The form of the log file: text or json.")
    var logFormat: Log.Format = .text
    @Flag(help: "Tell what is being done.")
    var debug = false
    @Flag(help: "Accepted for runc's sake: there are no cgroups to manage.")
    var systemdCgroup = false
    @Option(help: "Accepted for runc's sake: every container is rootless.")
    var rootless: String?
    @Option(help: "Accepted for runc's sake.")
    var criu: String?
    @Option(help: "Accepted for crun's sake: there are no cgroups to manage.")
    var cgroupManager: String?

    func validate() throws {
        Log.shared = Log(file: log.map { FilePath($0) }, format: logFormat, isDebugging: debug)
    }

    var store: ContainerStore { ContainerStore(root: root.map { FilePath($0) }) }

    static let flags = GoFlags(
        values: [
            "root", "log", "log-format", "rootless", "criu", "cgroup-manager", "bundle", "pid-file", "console-socket",
            "preserve-fds",
            "cwd", "env", "user", "additional-gids", "process", "process-label", "apparmor", "cap", "cgroup", "format",
            "resources", "interval", "blkio-weight", "cpu-period", "cpu-quota", "cpu-share", "cpu-rt-period",
            "cpu-rt-runtime", "cpu-burst", "cpu-idle", "cpuset-cpus", "cpuset-mems", "memory", "memory-reservation",
            "memory-swap", "kernel-memory", "kernel-memory-tcp", "pids-limit", "l3-cache-schema", "mem-bw-schema",
            "image-path", "work-path", "parent-path", "lsm-profile", "lsm-mount-context", "manage-cgroups-mode",
            "page-server", "empty-ns", "status-fd",
        ],
        switches: [
            "debug", "systemd-cgroup", "version", "help", "no-pivot", "no-new-keyring", "no-subreaper", "keep",
            "detach",
            "tty", "no-new-privs", "ignore-paused", "all", "force", "quiet", "stats", "leave-running",
            "tcp-established", "ext-unix-sk", "shell-job", "lazy-pages", "file-locks", "pre-dump", "auto-dedup",
            "user-namespace",
        ],
        aliases: [
            "b": "bundle", "d": "detach", "e": "env", "u": "user", "t": "tty", "g": "additional-gids", "p": "process",
            "c": "cap", "a": "all", "f": "format", "q": "quiet", "r": "resources", "v": "version", "h": "help",
        ],
        // ArgumentParser looks for a command's global options behind the command too, where spec has one of the same name.
        aliasesByCommand: ["delete": ["f": "force"], "spec": ["rootless": "user-namespace"]],
        passing: ["exec", "ps"])
}

extension Log.Format: ExpressibleByArgument {}
