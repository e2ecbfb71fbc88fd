"""ukmanager itself: hostile bytes, a full disk, many bundles at once, and a real dockerd on top of it."""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import stat
import struct
import subprocess
import tempfile
import urllib.request

import pytest

from conftest import BASE_IMAGE, BIN, Chain, manager_alone, wait_until


@pytest.fixture
def manager():
    """A ukmanager of the test's own."""
    with manager_alone() as chain:
        yield chain


def exchange(path, data, patience=100):
    """Sends `data` and returns what comes back first, before the other side hangs up or so many seconds are over."""
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(patience)
        peer.connect(str(path))
        try:
            peer.sendall(data)
            return peer.recv(65536)
        except OSError:
            return b""


def frame(stream, kind, data):
    return struct.pack(">IIBB", len(data), stream, kind, 0) + data


def test_garbage_on_either_socket_harms_nobody(manager):
    events = f"{manager.manager_socket}.ttrpc"
    for data in (os.urandom(5000), b"\xff" * 10, b"GET / HTTP/1.1\r\n\r\n", b"", frame(1, 1, b"abc"), frame(2, 2, b"x")):
        exchange(events, data, 1)
        exchange(manager.manager_socket, data, 1)
    exchange(manager.manager_socket, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + os.urandom(3000), 1)
    assert b"exceeds maximum message size" in exchange(events, frame(1, 1, b"x" * (5 << 20)))
    half = [socket.socket(socket.AF_UNIX) for _ in range(100)]
    for peer in half:
        peer.connect(events)
        peer.sendall(b"\0\0\0")
    manager.ctr("version")
    for peer in half:
        peer.close()
    assert manager.daemons["ukmanager"].poll() is None


def test_three_hundred_dead_bundles_hold_up_neither_start_nor_calls(manager):
    manager.kill("ukmanager")
    bundles = manager.runtime / "manager/io.containerd.runtime.v2.task/default"
    for index in range(300):
        bundle = bundles / f"dead-{index}"
        bundle.mkdir(parents=True, mode=0o700)
        (bundle / "config.json").write_text("{}")
        (bundle / "address").write_text(f"unix://{manager.runtime}/s/none-{index}")
        (bundle / "shim-binary-path").write_text("/bin/true")
    # One that has nothing yet, and one that was just about to go.
    (bundles / "fresh").mkdir()
    (bundles / ".gone").mkdir()
    manager.start("ukmanager")
    manager.ctr("images", "ls")
    assert manager.ctr("tasks", "ls", "-q").stdout == ""
    wait_until(lambda: not bundles.exists(), what="the end of all bundles")


def test_sigkill_loses_nothing_that_was_acknowledged(manager):
    for round in range(5):
        manager.ctr("namespaces", "create", f"n{round}")
        manager.ctr("leases", "create", "--id", f"l{round}")
        manager.kill("ukmanager")
        manager.start("ukmanager")
        assert manager.ctr("namespaces", "ls", "-q").stdout.split().count(f"n{round}") == 1
        assert f"l{round}" in manager.ctr("leases", "ls", "-q").stdout.split()


def test_bad_command_lines_are_told(manager):
    for arguments, words in (
            (["--no-such-flag"], "Unknown option"), (["--log-level", "loud"], "not a log level"),
            (["--config", "/no/such/file"], "/no/such/file"), (["--root", "/proc/x"], "/proc/x")):
        result = manager.run(BIN / "ukmanager", *arguments, check=False)
        assert result.returncode != 0 and words in result.stderr
    assert "ukmanager" in manager.run(BIN / "ukmanager", "--version").stdout
    assert "root = " in manager.run(BIN / "ukmanager", "config", "default").stdout


@pytest.mark.root
def test_a_full_disk_ends_an_import_and_nothing_else():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="uk-", dir="/tmp"))
    chain = Chain(folder)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", folder / "data"], check=True)
    try:
        (folder / "ukd.log").touch()
        chain.start("ukmanager")
        result = chain.ctr("images", "import", BASE_IMAGE, check=False)
        assert result.returncode != 0
        assert "no space left" in result.stderr.lower()
        assert chain.daemons["ukmanager"].poll() is None
        assert "UUID" in chain.ctr("version").stdout
        subprocess.run(["mount", "-o", "remount,size=100m", folder / "data"], check=True)
        chain.ctr("images", "import", BASE_IMAGE)
        assert "complete" in chain.ctr("images", "check").stdout
    finally:
        chain.stop()
        subprocess.run(["umount", "-l", folder / "data"])
        shutil.rmtree(folder, ignore_errors=True)


class FaultyDisk:
    """An ext4 in a file, which can be made to find itself damaged; it is read-only then, as files that are open learn too."""

    def __init__(self, folder):
        self.folder, self.image = folder, folder.with_suffix(".img")
        with open(self.image, "wb") as file:
            file.truncate(256 << 20)
        subprocess.run(["mkfs.ext4", "-q", self.image], check=True)

    def mount(self):
        subprocess.run(["mount", "-o", "loop,errors=remount-ro", self.image, self.folder], check=True)
        self.folder.chmod(0o700)

    def fail(self):
        source = subprocess.run(
            ["findmnt", "-n", "-o", "SOURCE", self.folder], check=True, text=True, capture_output=True).stdout.strip()
        pathlib.Path("/sys/fs/ext4", os.path.basename(source), "trigger_fs_error").write_text("1")

    def repair(self):
        subprocess.run(["umount", self.folder], check=True)
        subprocess.run(["e2fsck", "-fy", self.image], capture_output=True)

    def remove(self):
        subprocess.run(["umount", "-l", self.folder])
        self.image.unlink()


def can_fail_a_disk():
    return os.path.exists("/dev/loop-control") and os.access("/sys/fs/ext4", os.W_OK)


@pytest.mark.root
@pytest.mark.skipif(not can_fail_a_disk(), reason="no file systems in files here")
def test_a_disk_that_becomes_read_only_is_still_read_and_writes_are_refused_by_name():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="uk-", dir="/tmp"))
    chain = Chain(folder)
    disk = FaultyDisk(folder / "data")
    disk.mount()
    try:
        chain.start()
        chain.uk("load", "-i", BASE_IMAGE)
        chain.uk("run", "-d", "--name", "survivor", "runu-base", "sleep", "1000")
        # Of what is unpacked, the files come to the disk later.
        os.sync()
        disk.fail()
        assert "runu-base" in chain.uk("images").stdout
        assert "runu-base" in chain.ctr("images", "ls", namespace="moby").stdout
        assert "survivor" in chain.uk("ps").stdout
        assert chain.uk("exec", "survivor", "echo", "still").stdout == "still\n"
        digest = chain.ctr("content", "ls", "-q", namespace="moby").stdout.split()[0]
        chain.ctr("content", "get", digest, namespace="moby")
        refused = [
            lambda: chain.uk("load", "-i", BASE_IMAGE, check=False),
            lambda: chain.uk("run", "--rm", "runu-base", "true", check=False),
            lambda: chain.uk("tag", "runu-base", "other", check=False),
            lambda: chain.uk("volume", "create", "volume-1", check=False),
            lambda: chain.ctr("images", "import", BASE_IMAGE, check=False),
            lambda: chain.ctr("leases", "create", "--id", "l", check=False),
            lambda: chain.ctr("snapshots", "prepare", "s", check=False),
            lambda: chain.run("ctr", "-a", chain.manager_socket, "content", "ingest", "x", input="text", check=False),
        ]
        for number, attempt in enumerate(refused):
            result = attempt()
            told = result.stderr.lower()
            assert result.returncode != 0 and "read-only file system" in told and str(folder) in told, (number, told)
        assert all(daemon.poll() is None for daemon in chain.daemons.values())
        chain.kill("ukd")
        chain.kill("ukmanager")
        for name in ("ukmanager", "ukd"):
            again = chain.run(BIN / name, check=False, timeout=200)
            assert again.returncode == 1 and "read-only file system" in again.stderr.lower(), again.stderr
            assert str(folder) in again.stderr
        chain.kill_rest()
        wait_until(lambda: not chain.mine(), what="the end of the container")
        disk.repair()
        disk.mount()
        chain.start()
        assert "survivor" in chain.uk("ps", "-a").stdout
        assert chain.uk("run", "--rm", "runu-base", "echo", "whole").stdout == "whole\n"
    finally:
        chain.stop()
        chain.kill_rest()
        disk.remove()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.root
@pytest.mark.skipif(shutil.which("dockerd") is None, reason="dockerd is not installed")
def test_a_real_dockerd_runs_on_this_manager():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="uk-", dir="/tmp"))
    chain = Chain(folder)
    docker = ["docker", "-H", f"unix://{folder}/docker.sock"]
    (folder / "ukd.log").touch()
    chain.start("ukmanager")
    with open(folder / "dockerd.log", "w") as log:
        dockerd = subprocess.Popen(
            ["dockerd", "--containerd", chain.manager_socket, "--data-root", folder / "docker", "--exec-root",
             folder / "exec", "-H", f"unix://{folder}/docker.sock", "-p", folder / "docker.pid", "--iptables=false",
             "--ip-masq=false", "--bridge=none", "--storage-driver", "vfs", "--add-runtime", f"runu={BIN}/runu"],
            env=chain.env, stdout=log, stderr=log)
    try:
        wait_until(lambda: chain.run(*docker, "version", check=False).returncode == 0, what="dockerd")
        chain.run(*docker, "load", "-i", BASE_IMAGE)
        plain = ["--network", "none", "runu-base"]
        if shutil.which("runc"):
            assert "ukernel" not in chain.run(*docker, "run", "--rm", *plain, "uname", "-a").stdout
        assert "ukernel" in chain.run(*docker, "run", "--rm", "--runtime", "runu", *plain, "uname", "-a").stdout
        chain.run(*docker, "run", "-d", "--name", "sleeper", "--runtime", "runu", *plain, "sleep", "1000")
        chain.kill("ukmanager")
        chain.start("ukmanager")
        inside = [*docker, "exec", "sleeper", "echo", "again"]
        wait_until(lambda: chain.run(*inside, check=False).stdout == "again\n", what="exec after the restart")
        chain.run(*docker, "rm", "-f", "sleeper")
    finally:
        dockerd.send_signal(signal.SIGTERM)
        dockerd.wait(120)
        chain.stop()
        shutil.rmtree(folder, ignore_errors=True)


def get(path, where):
    """The status line and body of a GET over a unix socket."""
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(100)
        peer.connect(str(where))
        peer.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        answer = b"".join(iter(lambda: peer.recv(65536), b"")).decode()
    head, body = answer.split("\r\n\r\n", 1)
    assert f"Content-Length: {len(body.encode())}" in head
    return head.split("\r\n")[0], body


def figures(text):
    """Prometheus' text as name and labels -> value; every name is introduced once."""
    found, introduced = {}, {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            name, kind = line.split()[2:]
            assert introduced.setdefault(name, kind) is kind, line
        elif not line.startswith("#"):
            name, labels, value = re.fullmatch(r'(\w+)(?:\{((?:\w+="[^"]*",?)+)\})? (\S+)', line).groups()
            assert name in introduced or re.sub("_(bucket|sum|count)$", "", name) in introduced, line
            found[name, frozenset(re.findall(r'(\w+)="([^"]*)"', labels or ""))] = float(value)
    return found


def test_figures_are_told_where_the_configuration_says(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with manager_alone() as chain:
        chain.kill("ukmanager")
        debug = chain.runtime / "debug.sock"
        file = chain.folder / "config/ukontainer/manager.toml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f'[debug]\naddress = "{debug}"\nformat = "json"\n'
                        f'[metrics]\naddress = "127.0.0.1:{port}"\ngrpc_histogram = true\n')
        chain.start("ukmanager")
        for _ in range(3):
            chain.ctr("version")
        chain.ctr("images", "import", BASE_IMAGE)
        chain.ctr("images", "rm", "not-there", check=False)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/metrics", timeout=100) as answer:
            assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
            found = figures(answer.read().decode())
        calls = {("grpc_method", "Version"), ("grpc_service", "containerd.services.version.v1.Version"),
                 ("grpc_type", "unary")}
        assert found["grpc_server_started_total", frozenset(calls)] == 3
        assert found["grpc_server_handled_total", frozenset(calls | {("grpc_code", "OK")})] == 3
        assert found["grpc_server_handling_seconds_count", frozenset(calls)] == 3
        assert found["grpc_server_handling_seconds_bucket", frozenset(calls | {("le", "+Inf")})] == 3
        writes = {("grpc_method", "Write"), ("grpc_service", "containerd.services.content.v1.Content"),
                  ("grpc_type", "bidi_stream")}
        assert found["grpc_server_msg_received_total", frozenset(writes)] > 1
        assert found["ukmanager_records", frozenset({("kind", "images"), ("namespace", "default")})] == 1
        assert found["process_resident_memory_bytes", frozenset()] > 1 << 20
        # The debug socket tells the same, and of the program; it is closed to others and gone at the end.
        assert stat.S_IMODE(debug.stat().st_mode) == 0o600
        assert figures(get("/v1/metrics", debug)[1])["process_open_fds", frozenset()] > 3
        variables = json.loads(get("/debug/vars", debug)[1])
        assert variables["cmdline"][0].endswith("ukmanager") and variables["calls"]["handled"] > 6
        assert get("/debug/pprof/", debug)[0] == "HTTP/1.1 404 Not Found"
        assert exchange(debug, b"POST /debug/vars HTTP/1.1\r\nHost: x\r\n\r\n").startswith(b"HTTP/1.1 405 ")
        assert exchange(debug, b"\x16\x03\x01\r\n\r\n").startswith(b"HTTP/1.1 400 ")
        assert exchange(debug, b"x" * 20000).startswith(b"HTTP/1.1 400 ")
        records = [json.loads(line) for line in chain.log("ukmanager").splitlines() if line.startswith("{")]
        assert any(record["msg"] == "serving" and record["level"] == "info" for record in records)
        chain.kill("ukmanager", signal.SIGTERM)
        assert not debug.exists()


def test_a_shim_says_more_when_the_manager_debugs():
    with manager_alone() as chain:
        chain.kill("ukmanager")
        file = chain.folder / "config/ukontainer/manager.toml"
        file.parent.mkdir(exist_ok=True)
        file.write_text('[debug]\nlevel = "debug"\n')
        chain.start("ukmanager")
        ukctr = [BIN / "ukctr", "-a", chain.manager_socket]
        subprocess.run([*ukctr, "images", "import", BASE_IMAGE], env=chain.env, check=True, capture_output=True)
        subprocess.run([*ukctr, "run", "--rm", "docker.io/library/runu-base:latest", "said", "true"], env=chain.env, check=True)
        log = (chain.folder / "ukmanager.log").read_text()
        assert "Create: " in log and "Start: done" in log and re.search("delete.*said.*exit code 0", log), log


def test_a_metrics_address_that_cannot_be_had_is_said():
    with manager_alone() as chain, socket.socket() as taken:
        chain.kill("ukmanager")
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        file = chain.folder / "config/ukontainer/manager.toml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f'[metrics]\naddress = "127.0.0.1:{taken.getsockname()[1]}"\n')
        run = subprocess.run([BIN / "ukmanager"], env=chain.env, capture_output=True, text=True, timeout=200)
        assert run.returncode == 1 and "Address already in use" in run.stderr


@pytest.mark.root
def test_a_socket_that_is_given_to_a_user_lets_that_one_in_and_no_other():
    with manager_alone() as chain:
        os.chmod(chain.folder, 0o755)
        (chain.folder / "run").chmod(0o755)
        chain.kill("ukmanager")
        file = chain.folder / "config/ukontainer/manager.toml"
        file.parent.mkdir(exist_ok=True)
        file.write_text("[grpc]\nuid = 1000\n")
        chain.start("ukmanager")
        command = ["ctr", "-a", str(chain.manager_socket), "version"]
        assert subprocess.run(command, user=1000, group=1000, extra_groups=[]).returncode == 0
        assert subprocess.run(command).returncode == 0
        assert subprocess.run(command, user=1001, group=1001, extra_groups=[]).returncode != 0
        status = chain.manager_socket.stat()
        assert (status.st_uid, stat.S_IMODE(status.st_mode)) == (1000, 0o600)
        events = chain.runtime / "manager.sock.ttrpc"
        assert events.stat().st_uid == 0 and stat.S_IMODE((chain.runtime / "manager").stat().st_mode) == 0o700
