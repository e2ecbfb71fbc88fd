"""What goes wrong below and around ukmanager: it is killed, its disk is full or read-only, its shims are gone."""
import concurrent.futures
import os
import pathlib
import random
import select
import shutil
import signal
import socket
import subprocess
import time

import pytest

from conftest import BASE_IMAGE, BIN, is_gone, manager_alone, wait_until
from registry_server import Registry

IMAGE = "docker.io/library/runu-base:latest"
ROUNDS = int(os.environ.get("UKONTAINER_FAULT_ROUNDS", 0))
# Without a number of rounds: as many as fit into so many seconds.
SECONDS = 45


@pytest.fixture
def manager():
    """A ukmanager of the test's own, with the image runu-base."""
    with manager_alone() as chain:
        chain.ukctr("images", "import", BASE_IMAGE)
        yield chain


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    if not shutil.which("docker-registry"):
        pytest.skip("docker-registry is not installed")
    server = Registry(tmp_path_factory.mktemp("registry") / "plain")
    yield server
    server.stop()


def test_a_create_that_hangs_is_taken_down_when_its_client_goes(tmp_path):
    """The kernel does not answer runu, or the shim does not answer the manager."""
    with manager_alone() as chain:
        chain.kill("ukmanager")
        file = chain.folder / "config/ukontainer/manager.toml"
        file.parent.mkdir(exist_ok=True)
        file.write_text("".join(["[timeouts]\n"] + [
            f'"io.containerd.timeout.shim.{name}" = "1s"\n' for name in ("cleanup", "shutdown")]))
        hangs, reached = tmp_path / "hangs", tmp_path / "reached"
        kernel, shim = tmp_path / "ukernel", tmp_path / "containerd-shim-slow-v2"
        kernel.write_text(f"""#!/bin/sh
if [ "$(cat {hangs})" = kernel ]; then echo $$ >{reached}; exec sleep 100000; fi
exec {BIN}/ukernel "$@"
""")
        shim.write_text(f"""#!/bin/sh
case "$*" in
    *start) ;;
    *) exec {BIN}/containerd-shim-runu-v2 "$@" ;;
esac
address=$({BIN}/containerd-shim-runu-v2 "$@") || exit
if [ "$(cat {hangs})" = shim ]; then kill -STOP $(cat shim.pid); cat shim.pid >{reached}; fi
printf %s "$address"
""")
        for program in (kernel, shim):
            program.chmod(0o755)
        chain.env["UKERNEL"] = str(kernel)
        chain.env["PATH"] = f"{tmp_path}:{chain.env['PATH']}"
        chain.start("ukmanager")
        chain.ukctr("images", "import", BASE_IMAGE)
        chain.ukctr("containers", "create", "--runtime", "io.containerd.slow.v2", IMAGE, "c", "sleep", "1000")
        for which in ("kernel", "shim"):
            hangs.write_text(which)
            reached.unlink(missing_ok=True)
            client = subprocess.Popen([BIN / "ukctr", "tasks", "start", "-d", "c"], env=chain.env,
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            wait_until(lambda: reached.exists() and reached.read_text().strip(), what="a create that hangs")
            process = int(reached.read_text())
            assert client.poll() is None and chain.mine()
            client.kill()
            client.communicate()
            wait_until(lambda: not chain.mine() and is_gone(process) and not on_disk(chain)["bundles"],
                       what=f"nothing left of the {which} that hung: {chain.mine()}")
            hangs.write_text("nothing")
            # The name is free as soon as all has gone.
            wait_until(lambda: chain.ukctr("tasks", "start", "-d", "c", check=False).returncode == 0)
            chain.ukctr("tasks", "rm", "-f", "c")


def root_of(chain):
    return chain.folder / "data/ukontainer/manager"


def on_disk(chain):
    """What the manager's folders hold: blobs, unfinished writes, snapshots' folders, bundles."""
    def names(*parts):
        folder = pathlib.Path(root_of(chain), *parts)
        return sorted(os.listdir(folder)) if folder.exists() else []
    bundles = chain.runtime / "manager/io.containerd.runtime.v2.task/default"
    return {
        "blobs": names("io.containerd.content.v1.content/blobs/sha256"),
        "ingests": names("io.containerd.content.v1.content/ingest"),
        "snapshots": names("io.containerd.snapshotter.v1.overlayfs/snapshots"),
        "bundles": sorted(os.listdir(bundles)) if bundles.exists() else [],
    }


class Rounds:
    """One operation a round, killed at a random time; afterwards everything that was acknowledged is still so."""

    def __init__(self, chain, registry, seed):
        self.chain, self.random = chain, random.Random(seed)
        self.pulled = f"{registry.name}/base:1"
        self.running, self.images, self.number = [], {IMAGE}, 0
        self.restarts = []
        # How long each operation takes undisturbed; the kill falls within.
        self.durations = {}
        chain.ukctr("images", "tag", IMAGE, self.pulled)
        chain.ukctr("images", "push", "--plain-http", self.pulled)
        chain.ukctr("images", "rm", "--sync", self.pulled)

    def background(self, *arguments):
        return subprocess.Popen(
            [BIN / "ukctr", *arguments], env=self.chain.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)

    def operation(self):
        """A name, a command, and what it makes true when it is acknowledged."""
        self.number += 1
        id = f"c{self.number}"
        kinds = ["pull", "import", "run", "create"]
        if self.running:
            kinds += ["exec", "delete"]
        if self.images - {IMAGE}:
            kinds += ["collect", "collect"]
        kind = self.random.choice(kinds)
        if kind == "pull":
            name = self.pulled
            return kind, ("images", "pull", "--plain-http", name), lambda: self.images.add(name)
        if kind == "import":
            return kind, ("images", "import", BASE_IMAGE), lambda: None
        if kind == "run":
            return kind, ("run", "-d", "--null-io", IMAGE, id, "sleep", "1000"), lambda: self.running.append(id)
        if kind == "create":
            return kind, ("containers", "create", IMAGE, id, "true"), lambda: None
        if kind == "exec":
            id = self.random.choice(self.running)
            return kind, ("tasks", "exec", "--exec-id", f"e{self.number}", id, "true"), lambda: None
        if kind == "delete":
            id = self.running.pop(self.random.randrange(len(self.running)))
            return kind, ("tasks", "rm", "-f", id), lambda: None
        name = (self.images - {IMAGE}).pop()
        self.images.discard(name)
        return kind, ("images", "rm", "--sync", name), lambda: None

    def round(self):
        kind, command, acknowledged = self.operation()
        start = time.monotonic()
        client = self.background(*command)
        try:
            client.wait(self.random.uniform(0, self.durations.get(kind, 0.5)))
        except subprocess.TimeoutExpired:
            pass
        self.chain.kill("ukmanager")
        output, errors = client.communicate(timeout=200)
        if client.returncode == 0:
            acknowledged()
            self.durations[kind] = max(0.02, min(self.durations.get(kind, 9), time.monotonic() - start))
        begin = time.monotonic()
        self.chain.start("ukmanager")
        self.restarts.append(time.monotonic() - begin)
        self.check(f"{kind}: {client.returncode}, {errors.decode()[-200:]}")

    def check(self, what):
        listed = set(self.chain.ukctr("images", "ls", "-q").stdout.split())
        assert self.images <= listed, f"{what}: {self.images - listed} lost"
        status = self.chain.ukctr("images", "check").stdout
        for name in self.images:
            line = next(line for line in status.splitlines() if line.startswith(name))
            assert " complete " in line, f"{what}: {line}"
        tasks = {
            line.split()[0]: line.split()[2] for line in self.chain.ukctr("tasks", "ls").stdout.splitlines()[1:]}
        for id in self.running:
            assert tasks.get(id) == "RUNNING", f"{what}: {id} is {tasks.get(id)}"

    def end(self):
        """Everything is removed: nothing may be left."""
        for line in self.chain.ukctr("tasks", "ls", "-q").stdout.split():
            self.chain.ukctr("tasks", "rm", "-f", line)
        for line in self.chain.ukctr("containers", "ls", "-q").stdout.split():
            self.chain.ukctr("containers", "rm", line)
        for line in self.chain.ukctr("leases", "ls", "-q").stdout.split():
            self.chain.ukctr("leases", "rm", line)
        for line in self.chain.ukctr("content", "active").stdout.splitlines()[1:]:
            self.chain.ukctr("content", "abort", line.split()[0])
        for line in self.chain.ukctr("images", "ls", "-q").stdout.split():
            self.chain.ukctr("images", "rm", "--sync", line)
        self.chain.ukctr("images", "import", BASE_IMAGE)
        self.chain.ukctr("images", "rm", "--sync", IMAGE)
        nothing = {"blobs": [], "ingests": [], "snapshots": [], "bundles": []}
        try:
            wait_until(lambda: on_disk(self.chain) == nothing and not self.chain.mine(), what="a clean manager")
        except AssertionError:
            raise AssertionError(f"left: {on_disk(self.chain)} {self.chain.mine()}") from None


def test_kill_9_at_any_point_loses_nothing_and_leaks_nothing(manager, registry, request):
    seed = int(os.environ.get("UKONTAINER_FAULT_SEED", time.time_ns() % 1_000_000))
    print(f"UKONTAINER_FAULT_SEED={seed}")
    rounds = Rounds(manager, registry, seed)
    end, count = time.monotonic() + SECONDS, 0
    while count < (ROUNDS or 10) or (not ROUNDS and time.monotonic() < end):
        rounds.round()
        count += 1
    rounds.end()
    slowest = max(rounds.restarts)
    print(f"{count} rounds, slowest start {slowest * 1000:.0f} ms")


def test_a_damaged_page_of_the_database_is_noticed_said_and_recovered_from(manager):
    names = [f"docker.io/library/copy-{index}:1" for index in range(200)]
    manager.ukctr("images", "tag", IMAGE, *names)
    manager.ukctr("run", "-d", "--null-io", IMAGE, "survivor", "sleep", "1000")
    manager.kill("ukmanager", signal.SIGTERM)
    database = root_of(manager) / "io.containerd.metadata.v1.sqlite/meta.db"
    pages = database.read_bytes()
    neighbours = [f"copy-{index}:1".encode() for index in (150, 151, 152)]
    page = next(
        n for n in range(1, len(pages) // 4096) if all(x in pages[n * 4096:(n + 1) * 4096] for x in neighbours))
    with open(database, "r+b") as file:
        file.seek(page * 4096)
        file.write(os.urandom(4096))
    manager.start("ukmanager")
    assert "damaged" in manager.log("ukmanager")
    left = set(manager.ukctr("images", "ls", "-q").stdout.split())
    assert 150 < len(left & set(names)) < 200 and IMAGE in left
    assert any(name.startswith("meta.db.damaged-") for name in os.listdir(database.parent))
    assert "survivor" in manager.ukctr("tasks", "ls").stdout
    manager.ukctr("tasks", "exec", "--exec-id", "e1", "survivor", "true")
    manager.ukctr("run", "--rm", IMAGE, "another", "true")
    manager.kill("ukmanager")
    manager.start("ukmanager")
    assert set(manager.ukctr("images", "ls", "-q").stdout.split()) == left


def test_a_database_that_is_none_any_more_leaves_blobs_and_snapshots(manager):
    manager.ukctr("run", "-d", "--null-io", IMAGE, "survivor", "sleep", "1000")
    manager.kill("ukmanager")
    folder = root_of(manager) / "io.containerd.metadata.v1.sqlite"
    for name in os.listdir(folder):
        (folder / name).write_bytes(b"\0" * 8192 if name == "meta.db" else b"")
    before = on_disk(manager)
    manager.start("ukmanager")
    assert "damaged" in manager.log("ukmanager")
    assert "RUNNING" in manager.ukctr("tasks", "ls").stdout
    manager.ukctr("images", "import", BASE_IMAGE)
    manager.ukctr("run", "--rm", IMAGE, "another", "true")
    for _ in range(2):
        after = on_disk(manager)
        assert set(before["blobs"]) <= set(after["blobs"]) and set(before["snapshots"]) <= set(after["snapshots"])
        manager.kill("ukmanager")
        manager.start("ukmanager")
        time.sleep(0.3)


def test_a_second_manager_of_the_same_folder_is_refused(manager):
    second = manager.run(
        BIN / "ukmanager", "--address", manager.folder / "other.sock", check=False, timeout=200)
    assert second.returncode != 0 and "is in use by another ukmanager" in second.stderr
    same = manager.run(BIN / "ukmanager", "--root", manager.folder / "other", check=False, timeout=200)
    assert same.returncode != 0 and "in use" in same.stderr
    assert IMAGE in manager.ukctr("images", "ls", "-q").stdout


def shims(chain):
    return [pid for pid, entry in chain.mine().items() if entry[3][0].endswith("containerd-shim-runu-v2")]


def test_a_shim_that_does_not_answer_holds_up_nobody_else(manager):
    manager.ukctr("run", "-d", "--null-io", IMAGE, "slow", "sleep", "1000")
    pid, = shims(manager)
    manager.ukctr("run", "-d", "--null-io", IMAGE, "other", "sleep", "1000")
    os.kill(pid, signal.SIGSTOP)
    try:
        manager.ukctr("tasks", "exec", "--exec-id", "e1", "other", "true")
        manager.ukctr("containers", "ls")
        result = manager.ukctr("--timeout", "1s", "tasks", "exec", "--exec-id", "e1", "slow", "true", check=False)
        assert result.returncode != 0
        # So does a manager that starts meanwhile.
        manager.kill("ukmanager")
        manager.start("ukmanager")
        manager.ukctr("tasks", "exec", "--exec-id", "e2", "other", "true")
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_until(lambda: "RUNNING" in manager.ukctr("tasks", "ls").stdout.split("slow")[1].split("\n")[0], what="slow")
    manager.ukctr("tasks", "exec", "--exec-id", "e2", "slow", "true")


def test_a_shim_that_is_killed_takes_its_container_along_and_is_cleaned_up_after(manager):
    manager.ukctr("run", "-d", "--null-io", IMAGE, "dead", "sleep", "1000")
    pid, = shims(manager)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not manager.mine() and not on_disk(manager)["bundles"], what="the end of everything of dead")
    assert manager.ukctr("tasks", "ls", "-q").stdout == ""
    manager.ukctr("containers", "rm", "dead")
    manager.ukctr("run", "--rm", IMAGE, "dead", "true")


def test_a_shims_socket_that_is_gone_is_a_dead_shim_after_the_managers_restart(manager):
    manager.ukctr("run", "-d", "--null-io", IMAGE, "lost", "sleep", "1000")
    manager.kill("ukmanager")
    for path in (manager.runtime / "s").iterdir():
        path.unlink()
    manager.start("ukmanager")
    wait_until(lambda: not manager.mine() and not on_disk(manager)["bundles"], what="the end of everything of lost")
    manager.ukctr("containers", "rm", "lost")
    manager.ukctr("run", "--rm", IMAGE, "lost", "true")


def test_who_hangs_up_on_the_socket_for_events_does_no_harm(manager):
    path = str(manager.runtime / "manager.sock.ttrpc")
    # A request that cannot be read, which is answered, and half of one.
    requests = [b"", bytes.fromhex("00000005000000010100") + b"\xff" * 5, bytes.fromhex("00000500000000010100") + b"x"]

    def hang_up(count):
        for index in range(count):
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(path)
                client.sendall(requests[index % 3])

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(hang_up, [500] * 4))
    with subprocess.Popen(
            [BIN / "ukctr", "events", "topic~=/tasks/"], env=manager.env, stdout=subprocess.PIPE, text=True) as events:
        # Until the first one is heard, which may be any.
        while not select.select([events.stdout], [], [], 0)[0]:
            manager.ukctr("run", "--rm", IMAGE, "after", "true")
        assert "/tasks/" in events.stdout.readline()
        events.kill()
    daemon = manager.daemons["ukmanager"].pid
    wait_until(lambda: len(os.listdir(f"/proc/{daemon}/fd")) < 60, what="closed connections")


def test_a_manager_without_descriptors_serves_again_when_there_are_some(manager):
    daemon = manager.daemons["ukmanager"].pid
    limit = subprocess.run(
        ["prlimit", "--pid", str(daemon), "--nofile", "--output", "HARD", "--noheadings"], text=True,
        capture_output=True, check=True).stdout.strip()
    subprocess.run(["prlimit", "--pid", str(daemon), f"--nofile=3:{limit}"], check=True)
    failed = [
        manager.ukctr("--timeout", "3s", *command, check=False)
        for command in (
            ["images", "import", BASE_IMAGE], ["run", "-d", "--null-io", IMAGE, "few", "sleep", "1000"])]
    assert all(result.returncode != 0 for result in failed)
    assert manager.daemons["ukmanager"].poll() is None
    subprocess.run(["prlimit", "--pid", str(daemon), f"--nofile={limit}:{limit}"], check=True)
    wait_until(
        lambda: manager.ukctr("images", "ls", check=False).returncode == 0, what="a manager that serves")
    manager.ukctr("run", "--rm", IMAGE, "many", "true")


def test_a_manager_with_many_containers_serves_before_any_of_their_shims_has_answered(manager):
    """How long it takes until then is measured (Benchmarks); here no shim answers at all."""
    count = int(os.environ.get("UKONTAINER_MANY", 60))
    for index in range(count):
        manager.ukctr("run", "-d", "--null-io", IMAGE, f"c{index}", "sleep", "10000")
    stopped = shims(manager)
    try:
        assert len(stopped) == count
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        manager.kill("ukmanager")
        manager.start("ukmanager")
        assert len(manager.ukctr("containers", "ls", "-q").stdout.split()) == count
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
        wait_until(lambda: manager.ukctr("tasks", "ls").stdout.count("RUNNING") == count, what="all shims' answers")
    finally:
        manager.kill_rest()
