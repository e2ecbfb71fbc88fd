"""The shim alone, against a runtime that runs its containers as they are: the contract that containerd relies on."""
import contextlib
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import time

import pytest

from conftest import BASE_IMAGE, BIN, is_alive, processes, wait_until
from ttrpc_client import Client, EventServer, RpcError, decode, encode, frame, request

SHIM = BIN / "containerd-shim-runu-v2"
RUNTIME = pathlib.Path(__file__).parent / "fake_runtime.py"
CREATED, RUNNING, STOPPED, PAUSED = 1, 2, 3, 4
NOT_FOUND, ALREADY_EXISTS, FAILED_PRECONDITION, UNIMPLEMENTED, UNKNOWN = 5, 6, 9, 12, 2


class Shim:
    """A bundle, and its shim started the way containerd starts it."""

    def __init__(self, folder, id, args, terminal=False, environment={}, annotations={}):
        self.folder, self.id, self.terminal = folder, id, terminal
        self.bundle = folder / "bundles" / id
        self.bundle.mkdir(parents=True)
        (self.bundle / "config.json").write_text(
            json.dumps({"process": {"args": args, "terminal": terminal}, "annotations": annotations}))
        os.mkfifo(self.bundle / "log")
        self.environment = {
            "PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": str(folder), "TTRPC_ADDRESS": str(folder / "events"),
            **{name: value for name, value in os.environ.items() if name.startswith(("UKERNEL", "YAMA_"))}, **environment}
        self.log = os.open(self.bundle / "log", os.O_RDONLY | os.O_NONBLOCK)
        self.bootstrap = self.command("start")
        self.address = (self.bundle / "address").read_text()
        self.path = self.address.removeprefix("unix://")
        self.client = Client(self.path)
        fields = self.client.call("Connect", encode((1, id)))
        self.pid = fields[1][0]

    def command(self, action):
        return subprocess.run(
            [SHIM, "-namespace", "test", "-id", self.id, "-address", self.folder / "manager", "-publish-binary", "x",
             action], cwd=self.bundle, env=self.environment, check=True, capture_output=True, stdin=subprocess.DEVNULL,
            timeout=200).stdout

    def fifo(self, name):
        path = self.bundle / name
        os.mkfifo(path)
        return path

    def create(self, stdin="", stdout="", stderr="", mounts=(), runtime=RUNTIME):
        options = encode((6, str(runtime)), (7, str(self.folder / "runtime")))
        fields = [(1, self.id), (2, str(self.bundle))]
        fields += [(3, encode((1, type), (2, source), *((4, option) for option in given)))
                   for type, source, given in mounts]
        fields += [(4, int(self.terminal)), (5, str(stdin)), (6, str(stdout)), (7, str(stderr)),
                   (10, encode((1, "containerd.runc.v1.Options"), (2, options)))]
        return self.client.call("Create", encode(*fields))[1][0]

    def add(self, exec_id, args, terminal=False, stdin="", stdout="", stderr=""):
        spec = encode((1, "types.containerd.io/opencontainers/runtime-spec/1/Process"),
                      (2, json.dumps({"args": args, "cwd": "/", "terminal": terminal})))
        self.client.call("Exec", encode(
            (1, self.id), (2, exec_id), (3, int(terminal)), (4, str(stdin)), (5, str(stdout)), (6, str(stderr)),
            (7, spec)))

    def named(self, exec_id=""):
        return encode((1, self.id), (2, exec_id))

    def start(self, exec_id=""):
        return self.client.call("Start", self.named(exec_id))[1][0]

    def wait(self, exec_id=""):
        return self.client.call("Wait", self.named(exec_id)).get(1, [0])[0]

    def kill(self, number, exec_id="", everyone=False):
        self.client.call("Kill", encode((1, self.id), (2, exec_id), (3, number), (4, int(everyone))))

    def state(self, exec_id=""):
        return self.client.call("State", self.named(exec_id))

    def delete(self, exec_id=""):
        return self.client.call("Delete", self.named(exec_id))

    def shutdown(self):
        self.client.call("Shutdown", encode((1, self.id)))

    def is_alive(self):
        return is_alive(self.pid)

    def end(self):
        for pid, entry in processes().items():
            if pid == self.pid or entry[1] == self.pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        os.close(self.log)


@pytest.fixture
def events(tmp_path):
    server = EventServer(tmp_path / "events")
    yield server
    server.close()


@pytest.fixture
def shim(tmp_path, events):
    made = []

    def make(args, **options):
        made.append(Shim(tmp_path, f"c{len(made)}", args, **options))
        return made[-1]

    yield make
    for one in made:
        one.end()


def error(call, *arguments, **options):
    with pytest.raises(RpcError) as caught:
        call(*arguments, **options)
    return caught.value


def test_a_container_from_start_to_shutdown(shim, events):
    one = shim(["sh", "-c", "echo out; echo err >&2; exit 7"])
    assert one.bootstrap.decode() == one.address
    assert os.stat(one.path).st_mode & 0o777 == 0o600
    out, err = one.fifo("out"), one.fifo("err")
    readers = [os.open(path, os.O_RDONLY | os.O_NONBLOCK) for path in (out, err)]
    pid = one.create(stdout=out, stderr=err)
    assert one.state()[4] == [CREATED]
    waiting = Client(one.path)
    stream = waiting.begin("Wait", one.named(), service="containerd.task.v3.Task")
    assert one.start() == pid
    assert waiting.finish(stream)[1] == [7]
    for reader in readers:
        os.set_blocking(reader, True)
    assert [os.read(reader, 100) for reader in readers] == [b"out\n", b"err\n"]
    assert [os.read(reader, 100) for reader in readers] == [b"", b""]
    assert one.wait() == 7
    state = one.state()
    assert state[4] == [STOPPED] and state[9] == [7] and state[6] == [str(out).encode()]
    deleted = one.delete()
    assert deleted[1] == [pid] and deleted[2] == [7] and 3 in deleted
    one.shutdown()
    wait_until(lambda: not one.is_alive(), what="end of the shim")
    assert not os.path.exists(one.path)
    wait_until(lambda: events.topics() == ["create", "start", "exit", "delete"], what="events")
    assert events.events[2][1] == "containerd.events.TaskExit"
    exit = events.events[2][2]
    assert exit[1] == exit[2] == [b"c0"] and exit[3] == [pid] and exit[4] == [7]


def test_the_bootstrap_answer_is_json_for_clients_that_know_version_3(shim):
    one = shim(["true"], environment={"MAX_SHIM_VERSION": "3"})
    assert json.loads(one.bootstrap) == {"version": 3, "address": one.address, "protocol": "ttrpc"}
    two = shim(["true"], environment={"MAX_SHIM_VERSION": "2"})
    assert two.bootstrap.decode() == two.address


def test_a_second_start_finds_the_running_shim(shim):
    one = shim(["true"])
    assert one.command("start").decode() == one.address
    assert one.client.call("Connect", encode((1, one.id)))[1] == [one.pid]


def test_a_pods_containers_share_a_shim(shim):
    annotations = {"io.kubernetes.cri.sandbox-id": "c0"}
    one, two = shim(["sleep", "1000"], annotations=annotations), shim(["sleep", "1000"], annotations=annotations)
    assert one.pid == two.pid
    for container in (one, two):
        container.create()
        container.start()
    one.kill(9)
    one.wait()
    one.delete()
    one.shutdown()
    assert two.state()[4] == [RUNNING]
    two.kill(9)
    assert two.wait() == 137
    two.delete()
    two.shutdown()
    wait_until(lambda: not two.is_alive(), what="end of the shim")


def test_mounts_are_written_and_not_mounted(shim):
    one = shim(["true"])
    one.create(mounts=[("overlay", "overlay", ["lowerdir=/a b:/c\\d", "upperdir=/u#1", "workdir=/w\t"])])
    assert (one.bundle / "rootfs.fstab").read_text() == (
        "overlay / overlay lowerdir=/a\\040b:/c\\134d,upperdir=/u\\0431,workdir=/w\\011 0 0\n")


def test_exec_runs_beside_the_first_process(shim, events):
    one = shim(["sleep", "1000"])
    one.create()
    pid = one.start()
    out = one.fifo("e-out")
    reader = os.open(out, os.O_RDONLY | os.O_NONBLOCK)
    one.add("e1", ["sh", "-c", "echo inside; exit 3"], stdout=out)
    assert error(one.add, "e1", ["true"]).code == ALREADY_EXISTS
    assert one.state("e1")[4] == [CREATED]
    executed = one.start("e1")
    assert one.wait("e1") == 3
    os.set_blocking(reader, True)
    assert os.read(reader, 100) == b"inside\n"
    one.add("e2", ["sleep", "1000"])
    second = one.start("e2")
    pids = [decode(info) for info in one.client.call("Pids", encode((1, one.id)))[1]]
    assert [info[1][0] for info in pids] == [pid, second]
    details = decode(pids[1][2][0])
    assert details[1] == [b"containerd.runc.v1.ProcessDetails"] and decode(details[2][0])[1] == [b"e2"]
    assert error(one.delete, "e2").code == FAILED_PRECONDITION
    one.kill(15, "e2")
    assert one.wait("e2") == 143
    assert error(one.kill, 15, "e2").code == NOT_FOUND
    assert one.delete("e1")[1] == [executed]
    assert error(one.state, "e1").message == "process does not exist e1: not found"
    wait_until(lambda: events.topics() == [
        "create", "start", "exec-added", "exec-started", "exit", "exec-added", "exec-started", "exit"], 2.0, "events")


def test_the_ends_of_execs_are_told_before_the_containers(shim, events):
    one = shim(["sleep", "1000"])
    one.create()
    one.start()
    for number in range(3):
        one.add(f"e{number}", ["sleep", "1000"])
        one.start(f"e{number}")
    one.kill(9, everyone=True)
    assert one.wait() == 137
    wait_until(lambda: events.topics().count("exit") == 4, what="four ends")
    ends = [fields[2][0].decode() for topic, _, fields in events.events if topic == "/tasks/exit"]
    assert ends[-1] == "c0" and sorted(ends[:3]) == ["e0", "e1", "e2"]


def test_a_thousand_short_execs_at_several_at_once_are_all_told(shim):
    one = shim(["sleep", "1000"])
    one.create()
    one.start()
    rounds, width = 10, 10
    for number in range(rounds):
        names = [f"r{number}-{index}" for index in range(width)]
        for index, name in enumerate(names):
            one.add(name, ["sh", "-c", f"exit {index}"])
        streams = [one.client.begin("Start", one.named(name)) for name in names]
        for stream in streams:
            one.client.finish(stream)
        assert [one.wait(name) for name in names] == list(range(width))
        for name in names:
            one.delete(name)


def test_a_terminal_carries_bytes_sizes_and_the_exit_code(shim):
    one = shim(["sh"], terminal=True)
    stdin, stdout = one.fifo("in"), one.fifo("out")
    reader = os.open(stdout, os.O_RDONLY | os.O_NONBLOCK)
    one.create(stdin=stdin, stdout=stdout)
    one.start()
    writer = os.open(stdin, os.O_WRONLY)
    one.client.call("ResizePty", encode((1, one.id), (3, 77), (4, 33)))
    os.write(writer, b"stty size; seq 1 50000 | tail -1; exit 4\n")
    assert one.wait() == 4
    os.set_blocking(reader, True)
    text = b""
    while part := os.read(reader, 65536):
        text += part
    assert b"33 77\r\n" in text and b"50000\r\n" in text


def test_output_outlives_its_reader(shim):
    """The daemon dies and comes back: the container gets no SIGPIPE, and what it wrote meanwhile is there."""
    one = shim(["sh", "-c", "read x; echo first; read x; echo second; read x; echo third"])
    stdin, stdout = one.fifo("in"), one.fifo("out")
    reader = os.open(stdout, os.O_RDONLY | os.O_NONBLOCK)
    one.create(stdin=stdin, stdout=stdout)
    one.start()
    writer = os.open(stdin, os.O_WRONLY)
    os.write(writer, b"\n")
    wait_until(lambda: b"first" in (read_some(reader) or b""), what="first line")
    os.close(reader)
    os.write(writer, b"\n")
    os.close(writer)
    time.sleep(0.2)
    assert one.state()[4] == [RUNNING]
    writer = os.open(stdin, os.O_WRONLY)
    os.write(writer, b"\n")
    assert one.wait() == 0
    reader = os.open(stdout, os.O_RDONLY | os.O_NONBLOCK)
    assert os.read(reader, 100) == b"second\nthird\n"
    assert os.read(reader, 100) == b""


def read_some(descriptor):
    try:
        return os.read(descriptor, 100)
    except BlockingIOError:
        return None


def test_close_io_ends_the_input(shim):
    one = shim(["cat"])
    stdin, stdout = one.fifo("in"), one.fifo("out")
    reader = os.open(stdout, os.O_RDONLY | os.O_NONBLOCK)
    one.create(stdin=stdin, stdout=stdout)
    one.start()
    writer = os.open(stdin, os.O_WRONLY)
    os.write(writer, b"through\n")
    os.close(writer)
    time.sleep(0.1)
    assert one.state()[4] == [RUNNING]
    one.client.call("CloseIO", encode((1, one.id), (3, 1)))
    assert one.wait() == 0
    assert os.read(reader, 100) == b"through\n"


def test_output_to_a_file(shim):
    one = shim(["sh", "-c", "echo to-file"])
    one.create(stdout=f"file://{one.folder}/logfile")
    one.start()
    one.wait()
    assert (one.folder / "logfile").read_text() == "to-file\n"


def test_the_runtimes_errors_come_through_in_the_fields_words(shim):
    one = shim(["no-such-program"])
    caught = error(one.create)
    assert caught.code == UNKNOWN
    assert caught.message == (
        'OCI runtime create failed: runu create failed: unable to start container process: exec: "no-such-program": '
        "executable file not found in $PATH: unknown")
    assert error(one.state).message == "container not created: not found"
    assert "no-such-runtime" in error(one.create, runtime="/no-such-runtime").message
    two = shim(["sleep", "1000"])
    two.create()
    two.start()
    two.add("e1", ["no-such-program"])
    assert error(two.start, "e1").message.startswith("OCI runtime exec failed: exec failed: unable to start")
    assert error(two.create).code == ALREADY_EXISTS
    assert error(two.start).code == FAILED_PRECONDITION
    assert error(two.delete).code == FAILED_PRECONDITION
    two.kill(9)
    two.wait()
    caught = error(two.kill, 9)
    assert (caught.code, caught.message) == (NOT_FOUND, "process already finished: not found")
    assert error(two.client.call, "Checkpoint", two.named()).code == UNIMPLEMENTED
    assert error(two.client.call, "Nothing").message == "method Nothing"
    assert error(two.client.call, "State", service="no.Service").message == "service no.Service"


def test_a_missing_fifo_is_named(shim):
    one = shim(["true"])
    caught = error(one.create, stdout=one.bundle / "missing")
    assert caught.code == NOT_FOUND and str(one.bundle / "missing") in caught.message


def test_ids_that_leave_the_bundle_are_refused(shim):
    one = shim(["sleep", "1000"])
    one.create()
    one.start()
    assert error(one.add, "../../evil", ["true"]).code == 3


def test_pause_resume_update_and_stats(shim, events):
    one = shim(["sleep", "1000"])
    one.create()
    one.start()
    one.client.call("Pause", one.named())
    assert one.state()[4] == [PAUSED]
    one.client.call("Resume", one.named())
    assert one.state()[4] == [RUNNING]
    one.client.call("Update", encode((1, one.id), (2, encode((1, "x"), (2, '{"pids":{"limit":5}}')))))
    assert json.loads((one.folder / "runtime/test/updated.json").read_text()) == {"pids": {"limit": 5}}
    metrics = decode(one.client.call("Stats", encode((1, one.id)))[1][0])
    assert metrics[1][0] in (b"io.containerd.cgroups.v1.Metrics", b"io.containerd.cgroups.v2.Metrics")
    pids = decode(decode(metrics[2][0])[2 if b"v1" in metrics[1][0] else 1][0])
    assert pids == {1: [1], 2: [99]}
    wait_until(lambda: events.topics() == ["create", "start", "paused", "resumed"], what="events")


def test_a_slow_runtime_holds_up_no_other_call(shim):
    one = shim(["sleep", "1000"])
    one.create()
    one.start()
    (one.bundle / "slow").touch()
    stream = one.client.begin("Pids", encode((1, one.id)))
    for _ in range(20):
        one.state()
    (one.bundle / "slow").unlink()
    assert len(one.client.finish(stream)[1]) == 1


def test_a_calls_deadline_is_kept(shim):
    one = shim(["sleep", "1000"])
    one.create()
    one.start()
    stream = one.client.begin("Wait", one.named(), timeout=100_000_000)
    assert error(one.client.finish, stream).code == 4
    assert one.state()[4] == [RUNNING]


def test_bad_frames_are_answered_and_the_connection_goes_on(shim):
    one = shim(["sleep", "1000"])
    client = one.client
    stream = client.stream
    client.stream += 2
    client.send(frame(stream, 1, b"\xff" * 50))
    assert error(client.finish, stream).code == 3
    stream = client.stream
    client.stream += 2
    client.send(frame(stream, 1, b"\0" * (5 << 20)))
    assert error(client.finish, stream).code == 8
    client.send(frame(client.stream, 77, b"what a later version says"))
    client.send(frame(1000, 1, request("containerd.task.v2.Task", "State")))
    assert error(client.finish, 1000).code == 3
    assert error(one.state).code == NOT_FOUND
    half = Client(one.path)
    half.send(frame(1, 1, b"x" * 100)[:50])
    half.close()
    garbage = Client(one.path)
    garbage.send(os.urandom(100_000))
    garbage.close()
    assert error(one.state).code == NOT_FOUND


def test_random_arguments_are_answered(shim):
    one = shim(["sleep", "1000"])
    one.create()
    one.start()
    methods = ["Create", "Start", "Delete", "Exec", "Wait", "State", "Stats", "Pids", "Update", "ResizePty", "CloseIO",
               "Connect", "Checkpoint", "Kill", "Pause"]
    chance = random.Random(7)
    proper = [encode((1, one.id), (2, "e1"), (3, 1), (4, 1)), encode((1, one.id), (7, encode((1, "t"), (2, "{}")))),
              encode((1, "../x"), (2, "/no/such/bundle")), encode((1, "new"), (2, str(one.bundle)), (5, "/dev/null"))]
    for _ in range(400):
        payload = bytearray(chance.choice(proper))
        for _ in range(chance.randrange(4)):
            payload[chance.randrange(len(payload))] = chance.randrange(256)
        stream = one.client.begin(chance.choice(methods), bytes(payload), timeout=2_000_000_000)
        try:
            one.client.finish(stream)
        except RpcError as caught:
            assert caught.message
    assert one.is_alive()
    assert one.client.call("Connect", encode((1, one.id)))[1] == [one.pid]


def test_events_wait_for_a_manager_that_is_away(shim, events):
    one = shim(["sh", "-c", "exit 5"])
    one.create()
    wait_until(lambda: events.topics() == ["create"], what="the first event")
    events.close()
    one.start()
    assert one.wait() == 5
    time.sleep(0.3)
    assert events.topics() == ["create"]
    events.open()
    wait_until(lambda: events.topics() == ["create", "start", "exit"], what="the others")


def test_clients_may_die_while_they_wait(shim):
    one = shim(["sleep", "1000"])
    one.create()
    one.start()
    for _ in range(20):
        client = Client(one.path)
        client.begin("Wait", one.named())
        client.close()
    one.kill(9)
    assert one.wait() == 137


def test_delete_after_the_shims_death_clears_the_container_away(shim):
    one = shim(["sleep", "1000"])
    one.create()
    pid = one.start()
    os.kill(one.pid, signal.SIGKILL)
    wait_until(lambda: not one.is_alive(), what="end of the shim")
    response = decode(one.command("delete"))
    assert response[2] == [137] and 3 in response
    wait_until(lambda: not is_alive(pid), what="end of the container")
    assert not os.path.exists(one.path)
    assert not (one.folder / "runtime/test/c0").exists()


def test_a_shim_without_a_client_and_a_container_ends_by_itself(shim):
    one = shim(["true"])
    one.client.close()
    wait_until(lambda: not one.is_alive(), what="end of the shim")
    assert not os.path.exists(one.path)


def test_deleting_a_container_that_was_never_started(shim, events):
    one = shim(["sleep", "1000"])
    pid = one.create()
    os.kill(pid, signal.SIGKILL)
    assert one.wait() == 137
    assert one.delete()[2] == [137]
    one.shutdown()
    wait_until(lambda: not one.is_alive(), what="end of the shim")


def test_terminals_end_in_order_with_much_output_unread(shim, events):
    one = shim(["sh", "-c", "seq 1 100000"], terminal=True)
    stdout = one.fifo("out")
    os.open(stdout, os.O_RDONLY | os.O_NONBLOCK)
    one.create(stdout=stdout)
    one.start()
    # The fifo is full and nobody reads: the program waits in its write, as on any terminal.
    time.sleep(0.3)
    assert one.state()[4] == [RUNNING]
    one.kill(9)
    assert one.wait() == 137


def test_bad_command_lines_are_refused(tmp_path):
    def run(*arguments):
        return subprocess.run([SHIM, *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=200,
                              env={"XDG_RUNTIME_DIR": str(tmp_path)}, stdin=subprocess.DEVNULL)

    assert run("-v").returncode == 0
    assert run("--help").stdout.startswith("Usage:")
    assert run("-info").returncode == 0
    for arguments in [["start"], ["-nonsense"], ["-namespace", "n", "start"], ["-namespace"],
                      ["-namespace", "n", "-id", "i", "dance"], ["-namespace", "n", "-id", "i"]]:
        result = run(*arguments)
        assert result.returncode == 2, arguments
        assert result.stderr
    result = run("-namespace", "n", "-id", "i", "-bundle", "/no/such", "start")
    assert result.returncode == 1 and "/no/such" in result.stderr


def test_output_to_a_logging_program(shim, tmp_path):
    """nerdctl's way: the program reads descriptors 3 and 4, and closes 5 when it is ready."""
    logger = tmp_path / "logger"
    logger.write_text(
        '#!/bin/sh\nexec 5>&-\n{ echo "$CONTAINER_NAMESPACE/$CONTAINER_ID $1=$2"; cat <&3; cat <&4; } > ' + f"{tmp_path}/logged.new\n"
        f"mv {tmp_path}/logged.new {tmp_path}/logged\n")
    logger.chmod(0o755)
    one = shim(["sh", "-c", "echo out; echo err >&2"])
    one.create(stdout=f"binary://{logger}?name=a%20b")
    one.start()
    assert one.wait() == 0
    wait_until(lambda: (tmp_path / "logged").exists(), what="the log")
    assert (tmp_path / "logged").read_text() == "test/c0 name=a b\nout\nerr\n"
    assert "no-such-logger" in error(shim(["true"]).create, stdout="binary:///no-such-logger").message


@pytest.fixture
def containerd(tmp_path):
    """The real containerd, in folders of its own, which finds the shim on PATH; a function that runs ctr against it."""
    if not shutil.which("containerd"):
        pytest.skip("no containerd here")
    environment = {"PATH": f"{BIN}:{os.environ['PATH']}", "XDG_RUNTIME_DIR": str(tmp_path)}
    configuration = tmp_path / "config.toml"
    configuration.write_text(
        f'version = 2\nroot = "{tmp_path}/root"\nstate = "{tmp_path}/state"\n'
        'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n'
        f'[grpc]\naddress = "{tmp_path}/c.sock"\n[ttrpc]\naddress = "{tmp_path}/c.sock.ttrpc"\n')
    with open(tmp_path / "containerd.log", "wb") as log:
        daemon = subprocess.Popen(["containerd", "-c", configuration], env=environment, stdout=log, stderr=log)

    def ctr(*arguments, check=True):
        result = subprocess.run(
            ["ctr", "--address", tmp_path / "c.sock", *arguments], env=environment, capture_output=True, text=True,
            timeout=200, stdin=subprocess.DEVNULL)
        assert not check or result.returncode == 0, result.stderr
        return result

    wait_until(lambda: ctr("version", check=False).returncode == 0, what="containerd")
    ctr("images", "import", BASE_IMAGE)
    yield ctr
    daemon.terminate()
    daemon.wait()


IMAGE = "docker.io/library/runu-base:latest"
RUN = ("run", "--runtime", "io.containerd.runu.v2")


@pytest.mark.root
def test_the_real_containerd_runs_a_container(containerd):
    result = containerd(*RUN, "--rm", IMAGE, "c1", "sh", "-c", "uname -s; echo error >&2; exit 9", check=False)
    assert (result.stdout, result.returncode) == ("Linux\n", 9)
    assert result.stderr.startswith("error\n")
    result = containerd(*RUN, "--rm", IMAGE, "c2", "no-such-program", check=False)
    # Told once, as by runc's shim: the container's own standard error has nothing of it.
    assert result.stderr.startswith("ctr: ") and len(result.stderr.splitlines()) == 1
    assert 'exec: "no-such-program": executable file not found in $PATH: unknown' in result.stderr


@pytest.mark.root
def test_the_real_containerd_execs_pauses_measures_and_deletes(containerd):
    containerd(*RUN, "-d", IMAGE, "c1", "sleep", "1000")
    shims = [pid for pid, entry in processes().items() if "-id" in entry[3] and "c1" in entry[3]]
    result = containerd("tasks", "exec", "--exec-id", "e1", "c1", "sh", "-c", "echo inside; exit 4", check=False)
    assert (result.stdout, result.returncode) == ("inside\n", 4)
    containerd("tasks", "pause", "c1")
    assert "PAUSED" in containerd("tasks", "ls").stdout
    containerd("tasks", "resume", "c1")
    assert "pids.current" in containerd("tasks", "metrics", "c1").stdout
    containerd("tasks", "kill", "--signal", "KILL", "c1")
    wait_until(lambda: "STOPPED" in containerd("tasks", "ls").stdout, what="end of the container")
    containerd("tasks", "delete", "c1", check=False)
    containerd("containers", "delete", "c1")
    wait_until(lambda: all(processes().get(pid, " Z Z")[2] == "Z" for pid in shims), what="end of the shim")
