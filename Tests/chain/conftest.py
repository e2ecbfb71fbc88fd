"""Fixtures of the chain's tests: a chain of its own, in folders of its own, started as the calling (ordinary) user."""
import contextlib
import ctypes
import errno
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import textwrap
import time

import pytest

BIN = pathlib.Path(os.environ.get("UKONTAINER_BIN", pathlib.Path(__file__).parents[2] / ".build/release")).resolve()
BASE_IMAGE = os.environ.get("UKONTAINER_BASE_IMAGE", "/tmp/runu-base.tar")
DEBIAN_TREE = os.environ.get("UKONTAINER_DEBIAN_TAR", "")
CHAIN_PROGRAMS = {"ukd", "ukmanager", "containerd-shim-runu-v2", "runu", "ukernel", "ukloader"}


def pytest_configure(config):
    config.addinivalue_line("markers", "root: needs root (interoperability with engines that do)")
    config.addinivalue_line("markers", "unrefused: needs a call that the filter of refuse.py refuses, for ordinary users too")


def is_refused():
    """Whether refuse.py's filter, or an engine's, stands around the tests."""
    libc = ctypes.CDLL(None, use_errno=True)
    clone3 = 435
    return libc.syscall(clone3, None, 0) != -1 or ctypes.get_errno() == errno.ENOSYS


def pytest_collection_modifyitems(items):
    is_root = os.geteuid() == 0
    for item in items:
        if item.get_closest_marker("unrefused") and is_refused():
            item.add_marker(pytest.mark.skip(reason="wants to run without the filter"))
        if is_root != bool(item.get_closest_marker("root")):
            why = "wants an ordinary user" if is_root else "wants root"
            item.add_marker(pytest.mark.skip(reason=why))


def wait_until(condition, timeout=200.0, what="condition"):
    """Polls until `condition` is true, and returns what it returned. Patient: other work may share the machine."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} not reached within {timeout} s")
        time.sleep(0.02)


def processes():
    """All processes of the host: pid -> (name, parent pid, state, command line, environment)."""
    found = {}
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        try:
            stat = pathlib.Path(entry.path, "stat").read_text()
            command = pathlib.Path(entry.path, "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        name = stat[stat.index("(") + 1:stat.rindex(")")]
        fields = stat[stat.rindex(")") + 2:].split()
        found[int(entry.name)] = (name, int(fields[1]), fields[0], [c.decode(errors="replace") for c in command])
    return found


def is_alive(pid):
    """Whether a process is there, and has not ended."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def is_gone(pid):
    """Whether a process has ended and been waited for, or is this process's to wait for (a kernel's test adopts orphans)."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
    state, parent = stat[stat.rindex(")") + 2:].split()[:2]
    return state == "Z" and int(parent) == os.getpid()


class Chain:
    """One ukmanager and one ukd, with folders of their own."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.daemons = {}
        for name in ("run", "data", "config", "home"):
            (self.folder / name).mkdir(mode=0o700)
        self.env = {
            "PATH": f"{BIN}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            "HOME": str(self.folder / "home"),
            "XDG_RUNTIME_DIR": str(self.folder / "run"),
            "XDG_DATA_HOME": str(self.folder / "data"),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "LANG": "C.UTF-8",
            "TERM": "xterm",
        }
        self.runtime = self.folder / "run/ukontainer"
        self.socket = self.runtime / "docker.sock"
        self.manager_socket = self.runtime / "manager.sock"
        self.env["DOCKER_HOST"] = f"unix://{self.socket}"
        self.env["DOCKER_CONFIG"] = str(self.folder / "config")
        self.env["CONTAINERD_ADDRESS"] = str(self.manager_socket)

    def start(self, *names):
        for name in names or ("ukmanager", "ukd"):
            log = open(self.folder / f"{name}.log", "ab")
            self.daemons[name] = subprocess.Popen(
                [BIN / name], env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
            socket = self.socket if name == "ukd" else self.manager_socket
            wait_until(lambda: self.listens(socket) or self.daemons[name].poll() is not None, what=f"{name}'s socket")
            assert self.daemons[name].poll() is None, self.log(name)

    @staticmethod
    def listens(path):
        import socket
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(path))
                return True
            except OSError:
                return False

    def log(self, name):
        return (self.folder / f"{name}.log").read_text(errors="replace")[-4000:]

    def kill(self, name, sig=signal.SIGKILL):
        daemon = self.daemons.pop(name)
        daemon.send_signal(sig)
        daemon.wait(120)

    def stop(self):
        for name in list(self.daemons):
            self.kill(name, signal.SIGTERM)

    def run(self, *command, check=True, input=None, timeout=240, env=None):
        """Runs a program with the chain's environment; stdout and stderr as text."""
        result = subprocess.run(
            [str(c) for c in command], env={**self.env, **(env or {})}, text=True, input=input, timeout=timeout,
            stdin=subprocess.DEVNULL if input is None else None, capture_output=True)
        if check and result.returncode != 0:
            raise AssertionError(
                f"{command} exited with {result.returncode}\nstdout: {result.stdout}\nstderr: {result.stderr}\n"
                f"ukd: {self.log('ukd')}\nukmanager: {self.log('ukmanager')}")
        return result

    def uk(self, *arguments, **options):
        return self.run(BIN / "uk", *arguments, **options)

    def ukctr(self, *arguments, **options):
        return self.run(BIN / "ukctr", *arguments, **options)

    def runu(self, *arguments, **options):
        return self.run(BIN / "runu", *arguments, **options)

    def docker(self, *arguments, program="docker", **options):
        return self.run(program, *arguments, **options)

    def ctr(self, *arguments, namespace="default", **options):
        return self.run("ctr", "-a", self.manager_socket, "-n", namespace, *arguments, **options)

    def inspect(self, name):
        return json.loads(self.uk("inspect", name).stdout)[0]

    def mine(self):
        """The chain's processes other than the two daemons: shims, kernels, and what runs in containers."""
        marker = str(self.folder)
        daemons = {d.pid for d in self.daemons.values()}
        table = processes()
        found = {}
        for pid, (name, parent, state, command) in table.items():
            if pid in daemons or pid == os.getpid():
                continue
            try:
                environment = pathlib.Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace")
            except OSError:
                environment = ""
            text = " ".join(command) + environment
            if marker in text and (command[0].split("/")[-1] in CHAIN_PROGRAMS or name in CHAIN_PROGRAMS):
                found[pid] = (name, parent, state, command)
        # Descendants, whatever they call themselves.
        grew = True
        while grew:
            grew = False
            for pid, entry in table.items():
                if pid not in found and entry[1] in found:
                    found[pid] = entry
                    grew = True
        return found

    def kill_rest(self):
        """Kills what is left of it, of which some may be about to end by itself."""
        for pid in self.mine():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def zombies(self):
        """Dead children of the chain's processes that nobody has waited for."""
        daemons = {d.pid for d in self.daemons.values()}
        mine = set(self.mine()) | daemons
        return {p: e for p, e in processes().items() if e[2] == "Z" and e[1] in mine}

    def leftovers(self):
        """What a container may not leave: processes, sockets, fifos, folders of bundles and of runtime state."""
        left = [f"process {pid} {entry}" for pid, entry in self.mine().items()]
        left += [f"zombie {pid} {entry}" for pid, entry in self.zombies().items()]
        for root, folders, files in os.walk(self.runtime):
            relative = os.path.relpath(root, self.runtime)
            parts = pathlib.PurePath(relative).parts
            if parts[:1] == ("s",):
                left += [f"socket {f}" for f in files]
            for name in files:
                path = pathlib.Path(root, name)
                if path.is_fifo():
                    left.append(f"fifo {path}")
                if name in ("kernel.sock", "state.json", "config.json"):
                    left.append(f"file {path}")
        return left

    def clear(self):
        """Removes every container; daemons that a failed test has stopped are started first."""
        for name in ("ukmanager", "ukd"):
            if name not in self.daemons or self.daemons[name].poll() is not None:
                self.start(name)
        for line in self.uk("ps", "-aq", check=False).stdout.split():
            self.uk("rm", "-f", line, check=False)

    def assert_clean(self, timeout=150.0):
        try:
            wait_until(lambda: not self.leftovers(), timeout=timeout, what="a clean runtime folder")
        except AssertionError:
            raise AssertionError("left behind: " + "; ".join(self.leftovers()[:20])) from None


@pytest.fixture(scope="session")
def chain():
    """The suite's chain, with the image runu-base loaded."""
    # A short path: unix sockets have 107 bytes for theirs.
    folder = tempfile.mkdtemp(prefix="uk-", dir="/tmp")
    chain = Chain(folder)
    try:
        chain.start()
        chain.uk("load", "-i", BASE_IMAGE)
        yield chain
    finally:
        chain.clear()
        chain.stop()
        chain.kill_rest()
        if not os.environ.get("UKONTAINER_KEEP"):
            shutil.rmtree(folder, ignore_errors=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    # What a failed test left running would fail each later one that looks for leftovers, and hide which it was.
    if report.when == "call" and report.failed and "chain" in item.funcargs:
        item.funcargs["chain"].clear()
    return report


@pytest.fixture(scope="session")
def debian(chain):
    """Runs a script of bash in a container of its own, in an unmodified Debian tree."""
    if not DEBIAN_TREE:
        pytest.skip("UKONTAINER_DEBIAN_TAR names no tree (made by mmdebstrap)")
    chain.uk("import", DEBIAN_TREE, "debian:bookworm", timeout=280)

    def run(script, *options, check=True, timeout=240):
        return chain.uk(
            "run", "--rm", *options, "debian:bookworm", "bash", "-ec", textwrap.dedent(script), check=check,
            timeout=timeout)

    return run


@pytest.fixture
def name(request):
    """A container name of the test's own."""
    return "".join(c if c.isalnum() else "-" for c in request.node.name)[:50]


@contextlib.contextmanager
def manager_alone():
    """A ukmanager without a ukd, in folders of its own; what is left of it is killed."""
    folder = tempfile.mkdtemp(prefix="uk-", dir="/tmp")
    chain = Chain(folder)
    (chain.folder / "ukd.log").touch()
    try:
        chain.start("ukmanager")
        yield chain
    finally:
        chain.stop()
        chain.kill_rest()
        shutil.rmtree(folder, ignore_errors=True)
