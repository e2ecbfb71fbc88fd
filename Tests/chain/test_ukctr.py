"""ukctr: the words of ctr, against ukmanager as an ordinary user and against Debian's containerd as root."""
import hashlib
import io
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import tarfile
import tempfile
import time

import pytest
from conftest import BASE_IMAGE, BIN, Chain, wait_until

IMAGE = "docker.io/library/runu-base:latest"


@pytest.fixture
def name(name):
    """An identifier: it does not end with a dash."""
    return name.strip("-")


class Ours:
    """ukctr at a ukmanager of its own."""

    runtime = "io.containerd.runu.v2"

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="uk-", dir="/tmp")
        self.chain = Chain(self.folder)
        (self.chain.folder / "ukd.log").touch()
        self.chain.start("ukmanager")
        self.env, self.socket = self.chain.env, self.chain.manager_socket

    def close(self):
        self.chain.stop()
        self.chain.kill_rest()
        shutil.rmtree(self.folder, ignore_errors=True)


class Theirs:
    """ukctr at Debian's containerd, which runs runc."""

    runtime = "io.containerd.runc.v2"

    def __init__(self):
        from engines import Containerd
        self.engine = Containerd().__enter__()
        self.env, self.socket = self.engine.env, self.engine.socket

    def close(self):
        self.engine.__exit__()


@pytest.fixture(scope="module", params=[
    pytest.param(Ours, id="ukmanager"),
    pytest.param(Theirs, id="containerd", marks=[
        pytest.mark.root, pytest.mark.skipif(not shutil.which("containerd"), reason="wants Debian's containerd")]),
])
def server(request):
    server = request.param()
    try:
        ukctr(server, "images", "import", BASE_IMAGE)
        yield server
    finally:
        server.close()


def command(server, *arguments):
    return [str(a) for a in (BIN / "ukctr", "-a", server.socket, *arguments)]


def ukctr(server, *arguments, check=True, input=None):
    result = subprocess.run(
        command(server, *arguments), env=server.env, text=True, capture_output=True, timeout=200,
        input=input, stdin=subprocess.DEVNULL if input is None else None)
    if check:
        assert result.returncode == 0, (arguments, result.stdout, result.stderr)
    return result


def run(server, *arguments, **options):
    return ukctr(server, "run", "--runtime", server.runtime, *arguments, **options)


@pytest.fixture
def container(server, name):
    run(server, "-d", IMAGE, name, "sleep", "1000")
    yield name
    ukctr(server, "tasks", "rm", "-f", name, check=False)
    ukctr(server, "containers", "rm", name, check=False)


def assert_nothing_left(server, name):
    assert name not in ukctr(server, "containers", "ls", "-q").stdout.split()
    assert name not in ukctr(server, "tasks", "ls", "-q").stdout.split()
    wait_until(lambda: f"\n{name} " not in ukctr(server, "snapshots", "ls").stdout, what="the snapshot's end")


def test_output_exit_code_and_input_come_through(server, name):
    result = run(server, "--rm", IMAGE, name, "sh", "-c", "echo out; echo err >&2; exit 7", check=False)
    assert (result.stdout, result.stderr, result.returncode) == ("out\n", "err\n", 7)
    # Both an input that ends before the process runs and one that is longer than a pipe.
    for text in ("", "hello\n", "x" * 300_000):
        assert run(server, "--rm", IMAGE, name, "cat", input=text).stdout == text
    assert_nothing_left(server, name)


def test_what_the_command_line_says_goes_over_the_image(server, name):
    result = run(
        server, "--rm", "--env", "A=b", "--cwd", "/tmp", "-u", "5:6", IMAGE, name, "sh", "-c", "echo $A $(pwd) $(id -u):$(id -g)")
    assert result.stdout == "b /tmp 5:6\n"


SINGLE_VALUES = ["--cpus", "1.5", "--cpu-shares", "500", "--cgroup", "/mine", "--with-ns", "ipc:/proc/self/ns/ipc",
                 "--allow-new-privs", "--cap-add", "CAP_NET_ADMIN", "--cap-drop", "CAP_CHOWN", "--device", "/dev/null",
                 "--rootfs-propagation", "rslave"]


def test_flags_change_single_values_as_ctrs_do(server, name):
    def spec(id):
        return json.loads(ukctr(server, "containers", "info", id).stdout)["Spec"]

    ukctr(server, "containers", "create", "--runtime", server.runtime, *SINGLE_VALUES, IMAGE, name, "true")
    ours = spec(name)
    linux = ours["linux"]
    assert linux["resources"]["cpu"] == {"quota": 150000, "period": 100000, "shares": 500}
    assert linux["cgroupsPath"] == "/mine" and linux["rootfsPropagation"] == "rslave"
    assert {"type": "ipc", "path": "/proc/self/ns/ipc"} in linux["namespaces"]
    assert not ours["process"].get("noNewPrivileges")
    for kind in ("bounding", "effective", "permitted"):
        assert "CAP_NET_ADMIN" in ours["process"]["capabilities"][kind]
        assert "CAP_CHOWN" not in ours["process"]["capabilities"][kind]
    (device,) = linux["devices"]
    assert (device["path"], device["type"], device["major"], device["minor"]) == ("/dev/null", "c", 1, 3)
    # ctr mounts for a container that it makes, which needs root.
    if os.geteuid() == 0:
        ctr = ["ctr", "-a", server.socket]
        subprocess.run([*ctr, "run", "-d", "--null-io", *SINGLE_VALUES, IMAGE, name + "2", "sleep", "100"],
                       env=server.env, check=True)
        subprocess.run([*ctr, "tasks", "rm", "-f", name + "2"], env=server.env, check=True)
        theirs = spec(name + "2")
        assert linux["resources"]["cpu"] == theirs["linux"]["resources"]["cpu"]
        # ctr names the usual devices too, which runtimes allow by themselves.
        assert all(rule in theirs["linux"]["resources"]["devices"] for rule in linux["resources"]["devices"])
        assert linux["devices"] == theirs["linux"]["devices"]
        assert linux["cgroupsPath"] == theirs["linux"]["cgroupsPath"]
        kinds = [{space["type"]: space.get("path") for space in linux["namespaces"]} for linux in (linux, theirs["linux"])]
        assert kinds[0] == kinds[1]
        assert {k: set(v) for k, v in ours["process"]["capabilities"].items() if v} == \
            {k: set(v) for k, v in theirs["process"]["capabilities"].items() if v}
        ukctr(server, "containers", "rm", name + "2")
    ukctr(server, "containers", "rm", name)


def test_a_seccomp_profile_holds(server, name, tmp_path):
    profile = tmp_path / "profile.json"
    profile.write_text(json.dumps({
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28}]}))
    result = run(server, "--rm", "--seccomp-profile", profile, IMAGE, name, "mkdir", "/tmp/x", check=False)
    assert result.returncode == 1 and "No space left" in result.stderr
    assert_nothing_left(server, name)


@pytest.mark.parametrize("flags, text", [
    (["--cpus", "1", "--cpu-quota", "5"], "--cpus"), (["--cap-add", "NET_ADMIN"], "CAP_NET_ADMIN"),
    (["--with-ns", "ipc"], "TYPE:/PATH"), (["--device", "/etc/passwd"], "no device"), (["--device", "/no"], "No such file"),
    (["--rootfs-propagation", "wild"], "rslave"), (["--seccomp-profile", "/no/such"], "/no/such"), (["--cpus", "-1"], "cpus"),
])
def test_flags_that_say_nothing_are_named_and_leave_nothing(server, name, flags, text):
    result = run(server, "--rm", *flags, IMAGE, name, "true", check=False)
    assert result.returncode == 1 and text in result.stderr, result.stderr
    assert_nothing_left(server, name)


def test_a_terminal_has_the_clients_size_and_keys(server, name):
    arguments = command(server, "run", "--runtime", server.runtime, "--rm", "-t", IMAGE, name, "sh")
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(arguments[0], arguments, server.env)
    import fcntl
    import termios
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 99, 0, 0))

    def expect(text, timeout=200):
        seen, end = b"", time.monotonic() + timeout
        while text not in seen:
            assert time.monotonic() < end, seen
            if select.select([terminal], [], [], 0.5)[0]:
                seen += os.read(terminal, 4096)

    expect(b"# ")
    os.write(terminal, b"until stty size | grep '33 99'; do sleep 0.1; done\n")
    expect(b"\n33 99")
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 20, 60, 0, 0))
    # The size comes in its own time; and when a program says something, it has the keys.
    os.write(terminal, b"until stty size | grep '20 60'; do sleep 0.1; done\n")
    expect(b"\n20 60")
    os.write(terminal, b"sh -c 'echo up$((1)); exec sleep 1000'\n")
    expect(b"up1")
    os.write(terminal, b"\x03")
    os.write(terminal, b"echo af''ter\n")
    expect(b"after")
    os.write(terminal, b"exit 4\n")
    try:
        while os.read(terminal, 4096):
            pass
    except OSError:
        pass
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 4
    assert_nothing_left(server, name)


def test_further_processes_run_and_tell_their_end(server, container):
    result = ukctr(server, "tasks", "exec", container, "sh", "-c", "echo in; exit 3", check=False)
    assert (result.stdout, result.returncode) == ("in\n", 3)
    assert ukctr(server, "tasks", "exec", container, "cat", input="data").stdout == "data"
    wait_until(lambda: len(json.loads(ukctr(server, "--format", "json", "tasks", "ps", container).stdout)) == 1,
               what="the end of the others")


def test_signals_pause_and_the_end_show_in_the_list(server, container):
    def status():
        return re.search(rf"^{container}\s+\d+\s+(\w+)", ukctr(server, "tasks", "ls").stdout, re.M)[1]

    assert status() == "RUNNING"
    ukctr(server, "tasks", "pause", container)
    assert status() == "PAUSED"
    ukctr(server, "tasks", "resume", container)
    assert status() == "RUNNING"
    assert "runs" in ukctr(server, "containers", "rm", container, check=False).stderr
    ukctr(server, "tasks", "kill", "-s", "KILL", container)
    wait_until(lambda: status() == "STOPPED", what="the end")
    assert ukctr(server, "tasks", "wait", container).stdout == "137\n"
    assert ukctr(server, "tasks", "rm", container, check=False).returncode == 137
    ukctr(server, "containers", "rm", container)
    assert_nothing_left(server, container)


def handles(pid, number):
    """Whether a process has a handler for a signal, or blocks it to read it from a descriptor."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return any(int(re.search(rf"{field}:\s+(\w+)", status)[1], 16) >> number - 1 & 1 for field in ("SigCgt", "SigBlk"))


def test_signals_are_forwarded_and_attach_stays_until_the_end(server, name):
    run(server, "-d", IMAGE, name, "sh", "-c", "trap 'echo got it; exit 9' USR1; while :; do echo up; sleep 0.1; done")
    attached = subprocess.Popen(
        command(server, "tasks", "attach", name), env=server.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    wait_until(lambda: handles(attached.pid, signal.SIGUSR1), what="the client's handlers")
    # Now it reads, and the first process has its handler.
    assert attached.stdout.readline() == b"up\n"
    while attached.poll() is None:
        attached.send_signal(signal.SIGUSR1)
        try:
            attached.wait(1)
        except subprocess.TimeoutExpired:
            pass
    assert attached.communicate()[0].endswith(b"got it\n")
    assert attached.returncode == 9
    ukctr(server, "containers", "rm", name)
    assert_nothing_left(server, name)


def test_images_leave_and_come_back_with_the_same_digests(server, tmp_path):
    archive = tmp_path / "image.tar"
    before = ukctr(server, "images", "ls").stdout
    digests = set(ukctr(server, "content", "ls", "-q").stdout.split())
    ukctr(server, "images", "export", archive, IMAGE)
    ukctr(server, "images", "tag", IMAGE, "docker.io/library/other:1")
    ukctr(server, "images", "rm", "--sync", IMAGE, "docker.io/library/other:1")
    assert ukctr(server, "content", "ls", "-q").stdout == ""
    assert f"unpacking {IMAGE}" in ukctr(server, "images", "import", archive).stdout
    assert ukctr(server, "images", "ls").stdout == before
    assert set(ukctr(server, "content", "ls", "-q").stdout.split()) == digests
    assert re.search(rf"^{IMAGE} .*complete .* true$", ukctr(server, "images", "check").stdout, re.M)


def test_content_is_taken_in_and_checked(server):
    digest = "sha256:edeaaff3f1774ad2888673770c6d64097e391bc362d7d6fb34982ddf0efd18cb"


    def is_taken():
        """Nothing refers to it: when what other tests deleted lately is collected, it goes along."""
        ukctr(server, "content", "ingest", "--expected-digest", digest, "blob", input="abc\n")
        return ukctr(server, "content", "get", digest, check=False).stdout == "abc\n"

    wait_until(is_taken, what="the content")
    wrong = ukctr(server, "content", "ingest", "--expected-digest", digest[:-1] + "0", "wrong", input="abc\n", check=False)
    assert wrong.returncode == 1 and digest in wrong.stderr
    assert "wrong" not in ukctr(server, "content", "active").stdout
    ukctr(server, "content", "rm", digest, check=False)
    assert "not found" in ukctr(server, "content", "get", digest, check=False).stderr


def test_content_is_edited(server):
    blob = '{"a":1}'
    before = "sha256:" + hashlib.sha256(blob.encode()).hexdigest()

    def edited():
        ukctr(server, "content", "ingest", "edited", input=blob, check=False)
        # What nothing refers to goes with the next collection, and an earlier test's end may have asked for one.
        if ukctr(server, "content", "label", before, "containerd.io/gc.root=test", check=False).returncode:
            return None
        after = ukctr(server, "content", "edit", "--validate", "json", "--editor", "sed -i s/1/22/", before).stdout.strip()
        return after if ukctr(server, "content", "get", after, check=False).stdout == '{"a":22}' else None

    after = wait_until(edited, what="an edited blob")
    spoilt = ukctr(server, "content", "edit", "--validate", "json", "--editor", "sed -i s/1/x/", before, check=False)
    assert spoilt.returncode == 1
    ukctr(server, "content", "rm", before)
    ukctr(server, "content", "rm", after, check=False)


def test_layers_are_let_go_by_label(server):
    def labelled(*filters):
        return json.loads(ukctr(server, "--format", "json", "content", "ls", *filters).stdout)

    prefix = "containerd.io/gc.ref.content.l."
    manifest = next(i for i in labelled() if any(label.startswith(prefix) for label in i.get("labels", {})))
    layers = {name: value for name, value in manifest["labels"].items() if name.startswith(prefix)}
    shown = ukctr(server, "content", "prune", "references", "--dry").stderr
    assert all(name in shown for name in layers)
    ukctr(server, "content", "prune", "references", "--async")
    left = labelled("digest==" + manifest["digest"])[0]["labels"]
    assert left == {name: value for name, value in manifest["labels"].items() if name not in layers}
    ukctr(server, "images", "import", BASE_IMAGE)


def test_snapshots_are_compared(server, name):
    def diff(*arguments):
        return subprocess.run(
            command(server, "snapshots", "diff", *arguments), env=server.env, capture_output=True, check=True).stdout

    chain = next(line.split()[0] for line in ukctr(server, "snapshots", "ls").stdout.splitlines() if "Committed" in line)
    ukctr(server, "snapshots", "prepare", name, chain)
    ukctr(server, "snapshots", "commit", name + "-c", name)
    with tarfile.open(fileobj=io.BytesIO(diff("--media-type", "application/vnd.oci.image.layer.v1.tar", name + "-c"))) as tar:
        # Nothing was changed; the root folder may be told.
        assert [entry.name for entry in tar if entry.name.strip("./")] == []
    with tarfile.open(fileobj=io.BytesIO(diff(chain))) as tar:
        assert "bin/busybox" in tar.getnames()
    ukctr(server, "snapshots", "rm", name + "-c")
    assert "diff-" not in ukctr(server, "snapshots", "ls").stdout


def test_metrics_are_told_by_name(server, container):
    """Whatever cgroups the host has."""
    told = ukctr(server, "tasks", "metrics", container).stdout
    assert re.search(r"^(memory.usage_in_bytes|memory.usage) +[1-9]", told, re.M), told
    metrics = json.loads(ukctr(server, "--format", "json", "tasks", "metrics", container).stdout)
    assert metrics["data"]["pids"]["current"] == "1"


def test_the_specification_to_start_from_is_shown(server):
    assert json.loads(ukctr(server, "oci", "spec").stdout)["process"]["noNewPrivileges"] is True


def test_mounting_is_refused_with_the_way_out(server):
    refused = ukctr(server, "images", "mount", IMAGE, "/mnt", check=False)
    assert refused.returncode == 1 and "snapshots mounts" in refused.stderr


def test_events_are_shown_as_they_happen(server, name, tmp_path):
    log = tmp_path / "events"
    with open(log, "w") as output:
        events = subprocess.Popen(command(server, "--format", "json", "events"), env=server.env, stdout=output)

    def told():
        return [json.loads(line)["topic"] for line in log.read_text().splitlines(keepends=True) if line.endswith("\n")]

    def is_listening():
        ukctr(server, "images", "tag", "--force", IMAGE, "docker.io/library/mark:1")
        return told()

    try:
        wait_until(is_listening, what="the first event")
        ukctr(server, "images", "rm", "docker.io/library/mark:1")
        run(server, "--rm", IMAGE, name, "true")
        wait_until(lambda: "/containers/delete" in told(), what="the last event")
        topics = told()
        expected = ["/containers/create", "/tasks/create", "/tasks/start", "/tasks/exit", "/tasks/delete", "/containers/delete"]
        assert [t for t in topics if t in expected] == expected
    finally:
        events.kill()
        events.wait()


@pytest.mark.parametrize("arguments, text, code", [
    (["run", "--rm", "nosuchimage", "x", "true"], "nosuchimage", 1),
    (["run", "--rm", IMAGE], "container id", 1),
    (["tasks", "kill", "nobody"], "not found", 1),
    (["tasks", "kill", "-s", "NOSUCH", "x"], "unknown signal", 1),
    (["tasks", "kill", "-s", "RTMIN3", "x"], "unknown signal", 1),
    (["images", "import", "/nonexistent"], "/nonexistent", 1),
    (["images", "import", "/bin/sh"], "archive", 1),
    (["nonsense"], "nonsense", 1),
    (["version", "--nonsense"], "--nonsense", 1),
])
def test_mistakes_are_named(server, arguments, text, code):
    result = ukctr(server, *arguments, check=False)
    assert result.returncode == code and text in result.stderr


def test_a_command_that_is_not_there_leaves_nothing(server, name):
    result = run(server, "--rm", IMAGE, name, "/nonexistent", check=False)
    assert result.returncode == 1 and "/nonexistent" in result.stderr
    assert_nothing_left(server, name)


def test_a_server_that_is_away_is_named_and_waited_for_if_wanted(tmp_path):
    class Nobody:
        socket, env = tmp_path / "nobody.sock", dict(os.environ)

    result = ukctr(Nobody, "version", check=False)
    assert result.returncode == 1 and "nobody.sock" in result.stderr
    started = time.monotonic()
    result = ukctr(Nobody, "--connect-timeout", "1s", "--timeout", "1s", "version", check=False)
    assert result.returncode == 1 and time.monotonic() - started > 0.9


def test_hostile_connections_leave_the_server_as_it_was(server):
    """Garbage, half frames, half messages and hang-ups in the middle of the Write stream."""
    def headers(path):
        def text(b):
            return bytes([len(b)]) + b
        block = b"\x83\x86\x44" + text(path) + b"\x41" + text(b"localhost")
        for key, value in ((b"content-type", b"application/grpc"), (b"te", b"trailers"), (b"containerd-namespace", b"default")):
            block += b"\x40" + text(key) + text(value)
        return len(block).to_bytes(3, "big") + b"\1\4" + struct.pack(">I", 1) + block

    def data(payload, end=0):
        return len(payload).to_bytes(3, "big") + bytes([0, end]) + struct.pack(">I", 1) + payload

    start = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"
    write = start + headers(b"/containerd.services.content.v1.Content/Write")
    attacks = [
        b"", os.urandom(4096), start + os.urandom(300), start + b"\xff\xff\xff\0\0\0\0\0\1", write[:-20],
        write + data(b"\0\0\0\0\x64half"), write + data(b"\0\xff\xff\xff\xffxx"), write + data(b"\0\0\0\0\5\xff\xff\xff\xff\xff", 1),
    ]
    for number in range(400):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(0.2)
            connection.connect(str(server.socket))
            try:
                connection.sendall(attacks[number % len(attacks)])
                if number % 16 == 0:
                    connection.recv(4096)
            except OSError:
                pass
    assert "UUID" in ukctr(server, "version").stdout
    assert ukctr(server, "content", "active").stdout.splitlines()[1:] == []
