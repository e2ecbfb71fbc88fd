"""The field's own clients against ukd: both docker CLIs, docker-py, and bytes sent by hand."""
import io
import json
import os
import pty
import select
import shutil
import socket
import struct
import tarfile
import termios
import time

import fcntl
import pytest

from conftest import wait_until

CLIS = [path for path in ("/usr/local/bin/docker", "/usr/bin/docker") if os.path.exists(path)]


@pytest.fixture(params=CLIS)
def docker(request, chain):
    """One docker CLI against the chain."""
    def run(*arguments, **options):
        return chain.docker(*arguments, program=request.param, **options)
    run.program = request.param
    return run


@pytest.fixture
def client(chain):
    module = pytest.importorskip("docker")
    client = module.DockerClient(base_url=chain.env["DOCKER_HOST"], timeout=200)
    yield client
    client.close()


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, chain, *command, size=(33, 111)):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(command[0], command, chain.env)
        self.resize(*size)
        self.output = b""

    def resize(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def send(self, text):
        os.write(self.fd, text.encode())

    def expect(self, text, timeout=200):
        """Reads until the text is there; what came before it is forgotten."""
        deadline = time.monotonic() + timeout
        while text.encode() not in self.output:
            left = deadline - time.monotonic()
            assert left > 0, f"{text!r} not in {self.output!r}"
            if select.select([self.fd], [], [], left)[0]:
                try:
                    piece = os.read(self.fd, 65536)
                except OSError:
                    piece = b""
                assert piece, f"ended before {text!r}: {self.output!r}"
                self.output += piece
        self.output = self.output.split(text.encode(), 1)[1]

    def end(self):
        """Reads to the end and returns the exit code."""
        while True:
            try:
                if not os.read(self.fd, 65536):
                    break
            except OSError:
                break
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def test_run_prints_and_exits_as_the_command_does(docker):
    result = docker("run", "--rm", "runu-base", "sh", "-c", "uname -a; echo wrong >&2; exit 7", check=False)
    assert "ukernel" in result.stdout
    assert result.stderr == "wrong\n"
    assert result.returncode == 7


@pytest.mark.parametrize("command, code, text", [
    ("no-such-command", 127, "executable file not found in $PATH"),
    ("/etc", 126, "permission denied"),
])
def test_a_command_that_cannot_run_is_told_as_docker_tells_it(docker, command, code, text):
    result = docker("run", "--rm", "runu-base", command, check=False)
    assert result.returncode == code
    assert text in result.stderr


def test_an_unknown_image_is_told(docker):
    result = docker("run", "--rm", "no-such-image", "true", check=False)
    assert result.returncode == 125
    assert "Unable to find image 'no-such-image:latest' locally" in result.stderr


def test_standard_input_reaches_the_command_and_ends(docker):
    text = "".join(f"line {i}\n" for i in range(20000))
    assert docker("run", "--rm", "-i", "runu-base", "cat", input=text).stdout == text


def test_a_container_lives_through_its_commands(docker, name):
    docker("run", "-d", "--name", name, "-e", "A=b", "-w", "/tmp", "runu-base", "sh", "-c",
           "echo one; echo two; exec sleep 1000")
    assert name in docker("ps", "--format", "{{.Names}}").stdout.split()
    again = docker("run", "-d", "--name", name, "runu-base", "true", check=False)
    assert again.returncode == 125 and f'The container name "/{name}" is already in use' in again.stderr
    wait_until(lambda: docker("logs", name).stdout == "one\ntwo\n", what="the log")
    assert docker("logs", "--tail", "1", name).stdout == "two\n"
    assert docker("exec", name, "sh", "-c", "echo $A $PWD").stdout == "b /tmp\n"
    assert docker("exec", "-i", name, "cat", input="in\n").stdout == "in\n"
    assert docker("exec", name, "sh", "-c", "exit 3", check=False).returncode == 3
    missing = docker("exec", name, "no-such-command", check=False)
    assert missing.returncode in (126, 127) and "executable file not found" in missing.stdout + missing.stderr
    wait_until(lambda: "sleep 1000" in docker("top", name).stdout, what="the program that the shell becomes")
    assert docker("rm", name, check=False).returncode == 1
    assert docker("stats", "--no-stream", "--format", "{{.Name}}", name).stdout.strip() == name
    docker("stop", "-t", "1", name)
    state = json.loads(docker("inspect", name).stdout)[0]["State"]
    assert state["Status"] == "exited" and state["ExitCode"] in (143, 137)
    docker("start", name)
    assert "invalid signal: RTMIN3" in docker("kill", "-s", "RTMIN3", name, check=False).stderr
    # As any first process without a handler for it, it goes on.
    docker("kill", "-s", "RTMIN+3", name)
    docker("kill", name)
    docker("rm", name)
    assert docker("inspect", name, check=False).returncode == 1


def test_logs_follow_to_the_end(docker, name):
    docker("run", "-d", "--name", name, "runu-base", "sh", "-c",
           "for i in 1 2 3 4 5; do echo $i; sleep 0.1; done; printf end")
    assert docker("logs", "-f", name).stdout == "1\n2\n3\n4\n5\nend"
    docker("rm", "-f", name)


def test_a_terminal_has_its_size_and_follows_it(chain, docker):
    terminal = Terminal(chain, docker.program, "run", "--rm", "-it", "runu-base", "sh")
    terminal.expect("#")
    for rows, columns in ((33, 111), (44, 99)):
        deadline = time.monotonic() + 200
        while True:
            # The client begins to listen for changes after it has told the first size, so it may miss one that comes
            # between: it is changed twice in every round, as by a hand that drags a window.
            terminal.resize(rows, columns + 1)
            terminal.resize(rows, columns)
            terminal.send("stty size\n")
            try:
                terminal.expect(f"{rows} {columns}", timeout=1)
                break
            except AssertionError:
                assert time.monotonic() < deadline
    terminal.send("exit 5\n")
    assert terminal.end() == 5


def test_a_client_detaches_and_comes_back(chain, docker, name):
    terminal = Terminal(chain, docker.program, "run", "-it", "--name", name, "runu-base", "sh")
    terminal.expect("#")
    terminal.send("\x10\x11")
    assert terminal.end() == 0
    assert docker("inspect", "-f", "{{.State.Running}}", name).stdout.strip() == "true"
    terminal = Terminal(chain, docker.program, "attach", name)
    terminal.send("echo $((6*7))\n")
    terminal.expect("42")
    terminal.send("exit 4\n")
    assert terminal.end() == 4
    docker("rm", name)


def test_an_exec_has_a_terminal(chain, docker, name):
    docker("run", "-d", "--name", name, "runu-base", "sleep", "1000")
    terminal = Terminal(chain, docker.program, "exec", "-it", name, "sh")
    terminal.expect("#")
    terminal.send("test -t 0 && echo yes$((1+1))\n")
    terminal.expect("yes2")
    terminal.send("exit 9\n")
    assert terminal.end() == 9
    docker("rm", "-f", name)


def test_files_are_copied(docker, name, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/file").write_text("text\n")
    docker("create", "--name", name, "runu-base", "cat", "/tmp/folder/file")
    docker("cp", tmp_path / "folder", f"{name}:/tmp/")
    assert docker("start", "-a", name).stdout == "text\n"
    docker("cp", f"{name}:/tmp/folder", tmp_path / "out")
    assert (tmp_path / "out/file").read_text() == "text\n"
    missing = docker("cp", f"{name}:/nowhere", tmp_path / "x", check=False)
    # The older client has words of its own for the same answer.
    assert missing.returncode == 1 and "/nowhere" in missing.stderr
    docker("rm", name)


def test_volumes_and_binds_keep_what_is_written(docker, name, tmp_path):
    docker("run", "--rm", "-v", f"{name}:/data", "-v", f"{tmp_path}:/host", "runu-base", "sh", "-c",
           "echo v > /data/f; echo h > /host/f")
    assert (tmp_path / "f").read_text() == "h\n"
    assert docker("run", "--rm", "-v", f"{name}:/data:ro", "runu-base", "cat", "/data/f").stdout == "v\n"
    assert docker("run", "--rm", "-v", f"{name}:/data:ro", "runu-base", "touch", "/data/g", check=False).returncode == 1
    docker("volume", "rm", name)


def test_images_are_saved_loaded_tagged_and_removed(docker, name, tmp_path):
    tag = name.lower() + ":1"
    docker("tag", "runu-base", tag)
    docker("save", "-o", tmp_path / "image.tar", tag)
    assert f"Untagged: {tag}" in docker("rmi", tag).stdout
    assert f"Loaded image: {tag}" in docker("load", "-i", tmp_path / "image.tar").stdout
    assert docker("run", "--rm", tag, "echo", "hi").stdout == "hi\n"
    docker("rmi", tag)
    (tmp_path / "bad.tar").write_bytes(b"no archive")
    assert docker("load", "-i", tmp_path / "bad.tar", check=False).returncode == 1


def test_info_and_version_are_understood(docker):
    assert json.loads(docker("info", "--format", "{{json .}}").stdout)["OSType"] == "linux"
    assert docker("version", "--format", "{{.Server.Os}}").stdout.strip() == "linux"


def test_docker_py_drives_a_container(client, name):
    assert client.ping()
    assert client.containers.run("runu-base", "echo hi", remove=True) == b"hi\n"
    container = client.containers.run("runu-base", ["sh", "-c", "echo a; exec sleep 1000"], detach=True, name=name)
    try:
        assert container.exec_run("echo b").output == b"b\n"
        code, (out, err) = container.exec_run(["sh", "-c", "echo e >&2; exit 4"], demux=True)
        assert (code, out, err) == (4, None, b"e\n")
        container.pause()
        container.reload()
        assert container.status == "paused"
        container.unpause()
        archive, stat = container.get_archive("/etc/passwd")
        assert stat["name"] == "passwd"
        assert tarfile.open(fileobj=io.BytesIO(b"".join(archive))).getnames() == ["passwd"]
        container.stop(timeout=1)
        assert container.wait()["StatusCode"] in (137, 143)
        assert container.logs() == b"a\n"
    finally:
        container.remove(force=True)
    now = int(time.time())
    actions = [event["Action"] for event in client.events(since=now - 60, until=now + 1, decode=True,
                                                          filters={"container": name})]
    assert [a for a in actions if not a.startswith("exec")] == [
        "create", "start", "pause", "unpause", "kill", "kill", "die", "stop", "destroy"] or "die" in actions


def test_attach_socket_carries_bytes_both_ways(client):
    container = client.containers.create("runu-base", "cat", stdin_open=True)
    stream = container.attach_socket(params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1})
    container.start()
    stream._sock.sendall(b"hello\n")
    got = b""
    while len(got) < 14:
        got += stream._sock.recv(100)
    assert got == b"\x01\0\0\0\0\0\0\x06hello\n"
    stream.close()
    container.remove(force=True)


def ask(chain, data, until=b"\r\n\r\n"):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(200)
        connection.connect(str(chain.socket))
        connection.sendall(data)
        answer = b""
        while until not in answer:
            piece = connection.recv(65536)
            if not piece:
                break
            answer += piece
        return answer


@pytest.mark.parametrize("data, code", [
    (b"nonsense\r\n\r\n", b"400"),
    (b"POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n{,}", b"400"),
    (b"POST /containers/create HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", b"400"),
    (b"GET /v1.99/info HTTP/1.1\r\nHost: x\r\n\r\n", b"400"),
    (b"GET /v1.12/info HTTP/1.1\r\nHost: x\r\n\r\n", b"400"),
    (b"GET /containers/nobody/json HTTP/1.1\r\nHost: x\r\n\r\n", b"404"),
    (b"POST /build HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", b"501"),
    (b"POST /images/load HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nnope", b"400"),
])
def test_bad_input_gets_its_error_and_the_daemon_goes_on(chain, data, code):
    assert ask(chain, data).split()[1] == code
    assert ask(chain, b"GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n", b"OK").endswith(b"OK")


def test_a_client_that_does_not_read_costs_no_memory(chain, name):
    chain.docker("run", "-d", "--name", name, "runu-base", "sh", "-c", "exec yes 0123456789012345678901234567890123456789")
    ukd = chain.daemons["ukd"].pid
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(chain.socket))
        connection.sendall(f"GET /containers/{name}/logs?stdout=1&follow=1 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        time.sleep(2)
        chain.docker("kill", name)
        with open(f"/proc/{ukd}/status") as status:
            resident = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
        assert resident < 200_000
    chain.docker("rm", name)


def test_a_second_daemon_on_the_same_folders_is_refused(chain):
    result = chain.run(shutil.which("ukd", path=chain.env["PATH"]), check=False)
    assert result.returncode == 1
    assert "another ukd" in result.stderr


def test_nothing_is_left(chain):
    chain.assert_clean()
