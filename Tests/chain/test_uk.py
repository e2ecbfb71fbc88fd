"""uk, the command line: its terminals, signals, exit codes and output, against the chain."""
import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import tempfile
import termios
import time

import pytest

from conftest import BIN, wait_until


class Screen:
    """A program on a pseudo-terminal of its own."""

    def __init__(self, chain, *arguments, rows=30, columns=90):
        self.master, slave = pty.openpty()
        self.resize(rows, columns)

        def become_terminal():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(
            [str(BIN / "uk"), *arguments], stdin=slave, stdout=slave, stderr=slave, env=chain.env,
            preexec_fn=become_terminal, close_fds=True)
        os.close(slave)
        self.seen = ""

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text):
        os.write(self.master, text.encode())

    def expect(self, text, timeout=200.0):
        """Reads until `text` has come; what came before it and it are gone from `seen`."""
        deadline = time.monotonic() + timeout
        while text not in self.seen:
            left = deadline - time.monotonic()
            if left <= 0 or not self._read(left):
                raise AssertionError(f"no {text!r} in {self.seen!r}")
        before, _, self.seen = self.seen.partition(text)
        return before

    def ask(self, command, answer):
        """Types `command` until it answers so: what it tells about comes in its own time."""
        for patience in range(200):
            self.type(command)
            try:
                return self.expect(answer, timeout=1)
            except AssertionError:
                if patience == 199:
                    raise

    def end(self, timeout=200.0):
        """Waits for the program's end and returns its exit code."""
        deadline = time.monotonic() + timeout
        while self._read(max(0, deadline - time.monotonic())):
            pass
        code = self.process.wait(max(1, deadline - time.monotonic()))
        os.close(self.master)
        return code

    def _read(self, timeout):
        if not select.select([self.master], [], [], timeout)[0]:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        self.seen += data.decode(errors="replace")
        return bool(data)


@pytest.fixture
def sleeper(chain, name):
    """A running container that does nothing."""
    chain.uk("run", "-d", "--name", name, "runu-base", "sleep", "1000")
    yield name
    chain.uk("rm", "-f", name, check=False)


def test_a_terminal_has_the_users_size_and_follows_it(chain):
    screen = Screen(chain, "run", "--rm", "-it", "runu-base", "sh")
    screen.expect("# ")
    screen.ask("stty size\n", "30 90")
    screen.resize(41, 101)
    screen.ask("stty size\n", "41 101")
    screen.type("exit 9\n")
    assert screen.end() == 9


def test_control_c_reaches_the_foreground_process_only(chain):
    screen = Screen(chain, "run", "--rm", "-it", "runu-base", "sh")
    screen.expect("# ")
    # When the program says something, it has the keys.
    screen.type("sh -c 'echo up$((1)); exec sleep 60'\n")
    screen.expect("up1")
    screen.type("\x03")
    screen.expect("# ")
    screen.type("echo code=$?\n")
    screen.expect("code=130")
    screen.type("exit\n")
    assert screen.end() == 0


def test_the_detach_keys_leave_the_container_running_and_attach_comes_back(chain, name):
    screen = Screen(chain, "run", "-it", "--name", name, "runu-base", "sh")
    screen.expect("# ")
    screen.type("\x10\x11")
    assert screen.end() == 0
    assert chain.inspect(name)["State"]["Status"] == "running"
    screen = Screen(chain, "attach", name)
    screen.type("echo again$((1+1))\n")
    screen.expect("again2")
    screen.type("exit 5\n")
    assert screen.end() == 5
    screen = Screen(chain, "start", "-ai", name)
    screen.type("exit 6\n")
    assert screen.end() == 6
    chain.uk("rm", name)


def test_exec_with_a_terminal_resizes_and_exits_with_its_code(chain, sleeper):
    screen = Screen(chain, "exec", "-it", sleeper, "sh")
    screen.expect("# ")
    screen.ask("stty size\n", "30 90")
    screen.resize(25, 81)
    screen.ask("stty size\n", "25 81")
    screen.type("exit 4\n")
    assert screen.end() == 4


def test_a_killed_client_leaves_the_terminal_as_it_was(chain, sleeper):
    screen = Screen(chain, "exec", "-it", sleeper, "sh")
    screen.expect("# ")
    assert not termios.tcgetattr(screen.master)[3] & termios.ECHO
    screen.process.send_signal(signal.SIGTERM)
    assert screen.process.wait(200) == 128 + signal.SIGTERM
    assert termios.tcgetattr(screen.master)[3] & termios.ECHO
    os.close(screen.master)


def test_a_password_is_asked_for_and_not_shown(chain, tmp_path):
    env = chain.env
    chain.env = {**env, "DOCKER_CONFIG": str(tmp_path)}
    try:
        # Nobody listens there: what matters is what is asked, and that the terminal is as before.
        screen = Screen(chain, "login", "127.0.0.1:1")
        screen.expect("Username: ")
        screen.type("alice\n")
        screen.expect("Password: ")
        before = screen.seen
        screen.type("a secret\n")
        shown = before + screen.expect("127.0.0.1:1")
        assert "secret" not in shown
        assert termios.tcgetattr(screen.master)[3] & termios.ECHO
        assert screen.end() == 1
        assert not (tmp_path / "config.json").exists()
    finally:
        chain.env = env
    for arguments, text in ((["login"], "non TTY"), (["login", "--password-stdin"], "--username"),
                            (["login", "-u", "a", "-p", "b", "--password-stdin"], "mutually exclusive")):
        result = chain.uk(*arguments, check=False)
        assert result.returncode == 1 and text in result.stderr


def test_a_terminal_is_refused_where_there_is_none(chain):
    result = chain.uk("run", "--rm", "-it", "runu-base", "sh", check=False)
    assert result.returncode == 1
    assert "the input device is not a TTY" in result.stderr


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 21), (signal.SIGTERM, 22), (signal.SIGUSR1, 23)])
def test_signals_are_forwarded(chain, number, code):
    script = f'trap "echo caught; exit {code}" {number.value}; echo ready; while :; do sleep 0.1; done'
    with subprocess.Popen(
        [str(BIN / "uk"), "run", "--rm", "runu-base", "sh", "-c", script], env=chain.env, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, text=True,
    ) as client:
        assert client.stdout.readline() == "ready\n"
        client.send_signal(number)
        assert client.stdout.readline() == "caught\n"
        assert client.wait(200) == code


def test_what_follows_the_image_belongs_to_the_command(chain):
    out = chain.uk("run", "--rm", "-eA=1", "--env", "B=2", "-w", "/tmp", "runu-base", "sh", "-c", "echo $A $B $PWD $0 $*",
                   "-it", "--rm", "-h").stdout
    assert out == "1 2 /tmp -it --rm -h\n"


def test_big_output_and_input_come_through_whole(chain):
    text = "0123456789abcdef" * 4096 * 8
    result = chain.uk("run", "--rm", "-i", "runu-base", "sh", "-c", "cat", input=text)
    assert len(result.stdout) == len(text)
    assert result.stdout == text


def test_the_input_may_end_before_the_output(chain):
    result = chain.uk("run", "--rm", "-i", "runu-base", "sh", "-c", "wc -c; sleep 0.3; echo late", input="12345")
    assert result.stdout.split() == ["5", "late"]


def test_a_missing_image_is_said_as_docker_says_it(chain):
    result = chain.uk("run", "--rm", "no-such-image", "true", check=False)
    assert result.returncode == 125
    assert result.stderr.startswith("Unable to find image 'no-such-image:latest' locally\nuk: Error response from daemon: ")


@pytest.mark.parametrize("line, code, text", [
    (["ps", "--bogus"], 125, "--bogus"),
    (["run", "--bogus", "runu-base"], 125, "unknown flag: --bogus"),
    (["run"], 1, "run --help"),
    (["completion", "tcsh"], 1, "unknown shell tcsh"),
    (["rename", "one"], 1, "rename --help"),
    (["logs"], 1, "logs --help"),
    (["ps", "a"], 1, "ps --help"),
    (["logs", "a", "b", "c"], 1, "logs --help"),
    (["kill", "-s", "RTMIN3", "no-such-container"], 1, "invalid signal: RTMIN3"),
    (["bogus"], 1, "unknown command: uk bogus"),
    (["rm", "no-such-container"], 1, "No such container: no-such-container"),
    (["exec", "no-such-container", "true"], 1, "No such container: no-such-container"),
    (["inspect", "no-such-object"], 1, "No such object: no-such-object"),
    (["load", "-i", "/no/such/file"], 1, "/no/such/file: no such file or directory"),
    (["run", "-m", "lots", "runu-base"], 125, "invalid size: 'lots'"),
    (["-H", "unix:///no/such/socket", "ps"], 1, "Cannot connect to the Docker daemon at unix:///no/such/socket"),
    (["-H", "nonsense", "ps"], 1, "unable to parse docker host"),
])
def test_errors_name_the_object_and_have_dockers_code(chain, line, code, text):
    result = chain.uk(*line, check=False)
    assert (result.returncode, text in result.stderr) == (code, True), result.stderr


def test_logs_of_both_streams_tail_and_follow(chain, name):
    # The two streams are two pipes: the order is that in which they are read.
    script = "echo one; until [ -e /1 ]; do sleep 0.05; done; echo two >&2; until [ -e /2 ]; do sleep 0.05; done; echo three"
    chain.uk("run", "-d", "--name", name, "runu-base", "sh", "-c", script)
    for number, text in enumerate(("one\n", "two\n")):
        wait_until(lambda: text in (chain.uk("logs", name).stdout, chain.uk("logs", name).stderr), what=text)
        # The container may end before touch itself has.
        chain.uk("exec", name, "touch", f"/{number + 1}", check=False)
    chain.uk("wait", name)
    result = chain.uk("logs", name)
    assert (result.stdout, result.stderr) == ("one\nthree\n", "two\n")
    assert chain.uk("logs", "--tail", "1", name).stdout == "three\n"
    stamped = chain.uk("logs", "-t", name).stdout.splitlines()
    assert all(line[:4].isdigit() and line[10] == "T" for line in stamped)
    assert chain.uk("logs", "-f", name).stdout == "one\nthree\n"
    chain.uk("rm", name)


def test_logs_follow_until_the_container_ends(chain, name):
    chain.uk("run", "-d", "--name", name, "runu-base", "sh", "-c", "for i in 1 2 3; do echo $i; sleep 0.2; done")
    assert chain.uk("logs", "-f", name).stdout == "1\n2\n3\n"
    assert chain.uk("wait", name).stdout == "0\n"
    chain.uk("rm", name)


def test_lists_have_formats(chain, sleeper):
    row = json.loads(chain.uk("ps", "--filter", f"name={sleeper}", "--format", "json").stdout)
    assert (row["Names"], row["Image"], row["State"]) == (sleeper, "runu-base", "running")
    assert row["Status"].startswith("Up ")
    out = chain.uk("ps", "--filter", f"name={sleeper}", "--format", "table {{.Names}}\\t{{.Image}}").stdout
    assert out.splitlines()[0].split() == ["NAMES", "IMAGE"]
    assert chain.uk("ps", "-q", "--no-trunc", "-f", f"name={sleeper}").stdout.strip() == chain.inspect(sleeper)["Id"]
    assert chain.uk("images", "--format", "{{.Repository}}:{{.Tag}}", "runu-base").stdout == "runu-base:latest\n"
    assert chain.uk("inspect", "-f", "{{.State.Status}} {{.Name}}", sleeper).stdout == f"running /{sleeper}\n"


def test_stop_kill_and_wait(chain, name):
    script = "trap 'exit 7' TERM; echo ready; while :; do sleep 0.1; done"
    chain.uk("run", "-d", "--name", name, "runu-base", "sh", "-c", script)
    wait_until(lambda: "ready" in chain.uk("logs", name).stdout)
    assert chain.uk("stop", name).stdout == f"{name}\n"
    assert chain.uk("wait", name).stdout == "7\n"
    chain.uk("start", name)
    chain.uk("kill", name)
    assert chain.uk("wait", name).stdout == "137\n"
    chain.uk("rename", name, name + "2")
    assert chain.uk("rm", name + "2").stdout == f"{name}2\n"


def test_a_name_is_free_again_when_the_removed_container_has_exited(chain, name):
    for _ in range(5):
        chain.uk("run", "--rm", "--name", name, "runu-base", "true")


def test_events_tell_a_containers_life(chain, name):
    since = str(time.time() - 0.001)
    chain.uk("run", "--rm", "--name", name, "runu-base", "true")

    def told():
        lines = chain.uk("events", "--since", since, "--until", str(time.time()), "--filter", f"container={name}",
                         "--format", "json").stdout.splitlines()
        actions = [json.loads(line)["Action"] for line in lines]
        return [a for a in actions if a in ("create", "start", "die", "destroy")]

    wait_until(lambda: "destroy" in told(), what="the container's removal")
    assert told() == ["create", "start", "die", "destroy"]


def test_a_saved_image_loads_again(chain):
    with tempfile.TemporaryDirectory() as folder:
        archive = os.path.join(folder, "image.tar")
        before = json.loads(chain.uk("image", "inspect", "runu-base").stdout)[0]["Id"]
        chain.uk("save", "-o", archive, "runu-base")
        assert chain.uk("load", "-i", archive).stdout == "Loaded image: runu-base:latest\n"
        assert json.loads(chain.uk("image", "inspect", "runu-base").stdout)[0]["Id"] == before


def test_the_chain_is_one_tree_from_the_engine_to_the_application(chain, sleeper):
    tree = json.loads(chain.uk("chain", "--format", "json").stdout)
    assert [node["role"] for node in tree] == ["ukd"]
    manager, = tree[0]["children"]
    assert manager["role"] == "ukmanager"
    assert str(chain.manager_socket) in manager["sockets"]
    shim, = [s for s in manager["children"] if s["container"]["name"] == sleeper]
    assert shim["container"]["image"] == "runu-base"
    kernel, = [c for c in shim["children"] if c["role"] == "ukernel"]
    nursery, = kernel["children"]
    application, = nursery["children"]
    assert application["pid"] == chain.inspect(sleeper)["State"]["Pid"]
    assert application["arguments"] == ["sleep", "1000"]
    nodes = [tree[0], manager, shim, kernel, nursery, application]
    assert all(node["pss"] for node in nodes), [(n["role"], n["pss"]) for n in nodes]
    text = chain.uk("chain").stdout
    assert "\x1b" not in text, "colours are for terminals"
    assert all(word in text for word in ("ukd", "ukmanager", "containerd-shim-runu-v2", "ukernel", "sleep 1000", sleeper))


def test_every_command_has_help(chain):
    commands = [line.split()[0] for line in chain.uk("--help").stdout.splitlines() if line.startswith("  ") and line[2] != " "]
    commands = [c.strip(",") for c in commands if c[0].islower()]
    assert {"run", "ps", "logs", "exec", "stop", "kill", "rm", "wait", "inspect", "images", "load", "import", "version",
            "info", "events", "chain"} <= set(commands)
    for command in commands:
        assert "OVERVIEW" in chain.uk(command, "--help").stdout


def test_completion_scripts_are_made(chain):
    for shell in ("bash", "zsh", "fish"):
        script = chain.uk("completion", shell).stdout
        assert "uk" in script and script == chain.uk("--generate-completion-script", shell).stdout


def docker_28():
    """Whether the docker on PATH is of the generation whose output uk has."""
    try:
        version = subprocess.run(["docker", "--version"], capture_output=True, text=True, check=True).stdout
        return int(version.split()[2].split(".")[0]) >= 28
    except (OSError, subprocess.CalledProcessError, ValueError, IndexError):
        return False


@pytest.mark.skipif(not docker_28(), reason="docker 28 is not installed")
def test_what_uk_prints_is_what_docker_prints(chain, name):
    chain.uk("volume", "create", name)
    chain.uk("run", "-d", "--name", name, "--label", "a=b", "-v", f"{name}:/data", "runu-base", "sh", "-c",
             "echo hello; exec sleep 1000")
    wait_until(lambda: "hello" in chain.uk("logs", name).stdout)
    until = str(int(time.time()))
    try:
        for line in (
            ["ps", "-a", "--no-trunc", "--format", "table {{.ID}}\t{{.Image}}\t{{.Command}}\t{{.Names}}\t{{.Labels}}"],
            ["ps", "-q"], ["ps", "-s", "--format", "{{.Size}} {{.Mounts}} {{.State}}"], ["images"],
            ["images", "--digests", "--no-trunc"], ["inspect", name], ["inspect", "runu-base"], ["image", "inspect", "runu-base"],
            ["inspect", "-f", "{{.State.StartedAt}} {{json .Config.Labels}} {{range .Mounts}}{{.Name}}{{end}}", name],
            ["top", name], ["logs", "-t", name], ["volume", "ls"], ["volume", "inspect", name], ["network", "ls"],
            ["network", "inspect", "bridge"], ["history", "runu-base"], ["container", "ls", "-aq"],
            ["events", "--since", "0", "--until", until, "--filter", f"container={name}"], ["inspect", "none"],
        ):
            ours, theirs = chain.uk(*line, check=False), chain.docker(*line, check=False)
            assert (ours.returncode, ours.stdout) == (theirs.returncode, theirs.stdout), line
    finally:
        chain.uk("rm", "-f", name)
        chain.uk("volume", "rm", name)
