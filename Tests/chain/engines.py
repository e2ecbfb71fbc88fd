"""Engines of others for the tests that need root: each in a folder of its own, of which nothing is left afterwards."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

from conftest import BASE_IMAGE, BIN, processes, wait_until

HERE = pathlib.Path(__file__).parent
INSTALLED = "/usr/local/lib/ukontainer"
IMAGE = "docker.io/library/runu-base:latest"


def snippet(name):
    """A file of deploy/, with the path of the programs under test in place of the installed ones'."""
    for folder in (HERE.parent / "deploy", HERE.parents[1] / "deploy"):
        if folder.is_dir():
            return (folder / name).read_text().replace(INSTALLED, str(BIN))
    raise FileNotFoundError("deploy/")


class Place:
    """A folder with a short name under /tmp, and the processes and mounts that belong to it."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="uki-", dir="/tmp"))
        # Other users have to reach what is mounted from here into their containers.
        self.folder.chmod(0o711)
        self.path("r").mkdir(mode=0o700)
        self.daemons = []
        # runu and the shim keep their state below XDG_RUNTIME_DIR.
        self.env = {
            **os.environ, "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8",
            "XDG_RUNTIME_DIR": str(self.folder / "r")}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for daemon in reversed(self.daemons):
            daemon.terminate()
            try:
                daemon.wait(120)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        for _ in range(3):
            for line in reversed(pathlib.Path("/proc/self/mounts").read_text().splitlines()):
                point = line.split()[1]
                if point.startswith(f"{self.folder}/"):
                    subprocess.run(["umount", "-l", point], capture_output=True)
        if not os.environ.get("UKONTAINER_KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)

    def processes(self):
        """All live processes that name the folder in their command line or environment: pid -> command line."""
        found = {}
        for pid, (_, _, state, command) in processes().items():
            if pid == os.getpid() or state == "Z":
                continue
            try:
                environment = pathlib.Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace")
            except OSError:
                environment = ""
            if f"{self.folder}/" in " ".join(command) + environment:
                found[pid] = command
        return found

    def path(self, *parts):
        return self.folder.joinpath(*parts)

    def write(self, name, text):
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def start(self, *command, ready, env=None):
        """Starts a daemon and waits until `ready` is true; its log is NAME.log."""
        name = pathlib.Path(str(command[0])).name
        log = self.path(f"{name}.log")
        with open(log, "ab") as file:
            daemon = subprocess.Popen(
                [str(c) for c in command], env={**self.env, **(env or {})}, stdin=subprocess.DEVNULL, stdout=file,
                stderr=file, start_new_session=True)
        self.daemons.append(daemon)
        wait_until(lambda: ready() or daemon.poll() is not None, what=f"{name}'s answer")
        assert daemon.poll() is None, log.read_text(errors="replace")[-3000:]
        return daemon

    def run(self, *command, check=True, input=None, env=None, timeout=240):
        result = subprocess.run(
            [str(c) for c in command], env={**self.env, **(env or {})}, text=True, input=input, timeout=timeout,
            stdin=subprocess.DEVNULL if input is None else None, capture_output=True)
        if check and result.returncode != 0:
            raise AssertionError(
                f"{command} exited with {result.returncode}\nstdout: {result.stdout}\nstderr: {result.stderr}")
        return result

    def terminal(self, *command):
        """Runs a program on a terminal of its own: what appears on it, and the exit code."""
        import pexpect
        child = pexpect.spawn(
            str(command[0]), [str(c) for c in command[1:]], env=self.env, timeout=200, dimensions=(31, 97))
        output = child.read().decode()
        child.close()
        return output, child.exitstatus


def succeeds(*command):
    """A condition: whether a program ends well."""
    return lambda: not subprocess.run(
        [str(c) for c in command], capture_output=True, stdin=subprocess.DEVNULL).returncode


class ForCtr(Place):
    """A place whose socket Debian's ctr speaks to."""

    def command(self, *arguments):
        return "/usr/bin/ctr", "-a", self.socket, *arguments

    def ctr(self, *arguments, **options):
        return self.run(*self.command(*arguments), **options)


class Containerd(ForCtr):
    """Debian's containerd with deploy/containerd/runu.toml, and our shim on its PATH."""

    def __enter__(self):
        self.path("path").mkdir()
        self.path("path/containerd-shim-runu-v2").symlink_to(BIN / "containerd-shim-runu-v2")
        self.socket = self.path("c.sock")
        imported = self.write("runu.toml", snippet("containerd/runu.toml"))
        config = self.write("config.toml", f'''version = 2
root = "{self.path('root')}"
state = "{self.path('state')}"
imports = ["{imported}"]
[grpc]
address = "{self.socket}"
[ttrpc]
address = "{self.socket}.ttrpc"
''')
        try:
            self.start(
                "/usr/bin/containerd", "-c", config, ready=succeeds("ctr", "-a", self.socket, "version"),
                env={"PATH": f"{self.path('path')}:{self.env['PATH']}"})
            self.ctr("images", "import", BASE_IMAGE)
        except BaseException:
            self.__exit__()
            raise
        return self


class Manager(ForCtr):
    """Our ukmanager as root. `hidden` names cgroup file systems that its containers are not to see; `links` names
    under which our shim is found on its PATH."""

    def __init__(self, hidden=(), links=()):
        super().__init__()
        self.hidden, self.links = hidden, links

    def __enter__(self):
        for name in ("h", "d", "c", "path"):
            self.path(name).mkdir(mode=0o700)
        for name in self.links:
            self.path("path", name).symlink_to(BIN / "containerd-shim-runu-v2")
        self.env |= {
            "HOME": str(self.path("h")), "XDG_DATA_HOME": str(self.path("d")), "XDG_CONFIG_HOME": str(self.path("c")),
            "PATH": f"{self.path('path')}:{self.env['PATH']}"}
        self.socket = self.path("r/ukontainer/manager.sock")
        command = [BIN / "ukmanager"]
        if self.hidden:
            umounts = "".join(f"umount {path} && " for path in self.hidden)
            command = ["/usr/bin/unshare", "--mount", "sh", "-c", f"{umounts}exec {BIN}/ukmanager"]
        try:
            self.start(*command, ready=succeeds("ctr", "-a", self.socket, "version"))
            self.ctr("images", "import", BASE_IMAGE)
        except BaseException:
            self.__exit__()
            raise
        return self


class Dockerd(Place):
    """Debian's dockerd with the runtimes of deploy/docker/daemon.json and no network of its own; `containerd` is the
    socket of a manager, else dockerd starts its own containerd."""

    def __init__(self, containerd=None):
        super().__init__()
        self.containerd = containerd
        self.socket = self.path("docker.sock")

    def __enter__(self):
        configuration = json.loads(snippet("docker/daemon.json")) | {
            "data-root": str(self.path("data")), "exec-root": str(self.path("exec")), "pidfile": str(self.path("pid")),
            "hosts": [f"unix://{self.socket}"], "bridge": "none", "iptables": False, "ip6tables": False,
            "storage-driver": "vfs"}
        if self.containerd:
            configuration["containerd"] = str(self.containerd)
        config = self.write("daemon.json", json.dumps(configuration))
        try:
            self.start("/usr/sbin/dockerd", "--config-file", config, ready=succeeds(*self.command("version")))
            self.docker("load", "-i", BASE_IMAGE)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.daemons:
            for line in self.docker("ps", "-aq", check=False).stdout.split():
                self.docker("rm", "-f", line, check=False)
        super().__exit__()

    def command(self, *arguments):
        return "/usr/bin/docker", "-H", f"unix://{self.socket}", *arguments

    def docker(self, *arguments, **options):
        return self.run(*self.command(*arguments), **options)
