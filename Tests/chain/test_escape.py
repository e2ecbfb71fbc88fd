"""What a hostile program tries to get out of its container, and what comes of it: nothing of the host's is reached."""
import os
import pathlib
import shutil
import socket
import subprocess

import pytest

from kernel_driver import Kernel

TREE = os.environ.get("UKONTAINER_DEBIAN_TAR", "/var/tmp/ukontainer-debian.tar")
HERE = pathlib.Path(__file__).parent


@pytest.fixture(scope="session")
def escape(tmp_path_factory):
    """The program that tries."""
    program = tmp_path_factory.mktemp("escape") / "escape"
    subprocess.run(["gcc", "-O1", "-static", "-pthread", "-o", program, HERE / "escape.c"], check=True)
    return program


@pytest.fixture
def root(tmp_path, escape):
    """A root folder of busybox and the program."""
    folder = tmp_path / "root"
    for name in ("bin", "etc", "tmp", "root", "dev", "proc"):
        (folder / name).mkdir(parents=True)
    shutil.copy("/bin/busybox", folder / "bin/busybox")
    shutil.copy(escape, folder / "bin/escape")
    for applet in ("sh", "cat", "ls", "sleep", "echo", "true", "mkdir", "ln", "rm"):
        (folder / "bin" / applet).symlink_to("busybox")
    return folder


@pytest.fixture(scope="session")
def debian(tmp_path_factory):
    """A root folder of Debian."""
    folder = tmp_path_factory.mktemp("debian")
    subprocess.run(["tar", "-xf", TREE, "-C", folder, "--exclude=./dev/*"], check=True)
    yield folder
    subprocess.run(["chmod", "-R", "u+rwX", folder], check=True)
    shutil.rmtree(folder)


def attempt(root, *arguments, **options):
    """What the program printed: a list of (attempt, error) in their order."""
    code, output = Kernel(root, ["/bin/escape", *map(str, arguments)], **options).finish()
    assert code == 0, output
    return [tuple(line.rsplit(" ", 1)) for line in output.splitlines()]


class Canary(socket.socket):
    path = None


@pytest.fixture
def canary(tmp_path):
    """A datagram socket of the host's that nobody may reach."""
    path = tmp_path / "canary"
    with Canary(socket.AF_UNIX, socket.SOCK_DGRAM) as bird:
        bird.bind(str(path))
        bird.setblocking(False)
        bird.path = path
        yield bird
        with pytest.raises(BlockingIOError):
            print("reached by", bird.recv(100))


def test_datagrams_reach_no_path_of_the_host(root, canary):
    results = attempt(root, "datagrams", canary.path)
    for name, error in results:
        if name in ("sendto", "connect"):
            assert error == "ENOENT"
        if name in ("sendmsg", "sendmmsg", "write"):
            assert error == "ENOTCONN"
        if name in ("bind", "connect own"):
            assert error == "0"
    assert len(results) == 16


def test_datagram_sockets_work_inside(debian):
    program = r"""
import os, socket, threading, sys
def made(): return socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log = made(); log.bind("/tmp/log"); print(log.type == socket.SOCK_DGRAM, log.getsockname())
a = made(); a.connect("/tmp/log"); a.send(b"one"); print(log.recv(10), a.getpeername())
a.send(b""); print(log.recv(10))
made().sendto(b"two", "/tmp/log"); print(log.recv(10))
reader, writer = os.pipe()
socket.send_fds(a, [b"three"], [writer]); data, fds, _, _ = socket.recv_fds(log, 10, 5); print(data)
os.write(fds[0], b"through"); print(os.read(reader, 10))
x, y = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM); x.send(b"four"); y.send(b"five"); print(y.recv(10), x.recv(10))
print(x.type == socket.SOCK_DGRAM)
got = []
def take():
    for _ in range(2000): got.append(int(log.recv(100)))
thread = threading.Thread(target=take); thread.start()
for i in range(2000): a.send(b"%d" % i)
thread.join(); print(got == list(range(2000)))
a.send(b"x" * 100000); print(len(log.recv(200000)))
abstract = made(); abstract.bind("\0name"); b = made(); b.connect("\0name"); b.send(b"six"); print(abstract.recv(10))
log.close()
for _ in range(100):
    try: made().connect("/tmp/log")
    except OSError as e: print(e.errno); break
try: made().listen()
except OSError as e: print(e.errno)
import syslog; os.unlink("/tmp/log")
log = made(); log.bind("/dev/log"); syslog.syslog("hello"); print(log.recv(100)[-5:])
"""
    code, output = Kernel(debian, ["python3", "-c", program]).finish()
    assert code == 0, output
    assert output.splitlines() == [
        "True /tmp/log", "b'one' /tmp/log", "b''", "b'two'", "b'three'", "b'through'", "b'four' b'five'", "True", "True",
        "100000", "b'six'", "111", "95", "b'hello'"]
