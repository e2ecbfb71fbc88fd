"""What a hostile program tries to get out of its container, and what comes of it: nothing of the host's is reached."""
import ctypes
import os
import pathlib
import shutil
import socket
import struct
import subprocess

import pytest

from conftest import wait_until
from kernel_driver import Kernel, compile_static

TREE = os.environ.get("UKONTAINER_DEBIAN_TAR", "/var/tmp/ukontainer-debian.tar")


@pytest.fixture(scope="session")
def escape(tmp_path_factory):
    """The program that tries."""
    return compile_static("escape.c", tmp_path_factory.mktemp("escape") / "escape")


@pytest.fixture
def root(tmp_path, escape):
    """A root folder of busybox and the program."""
    folder = tmp_path / "root"
    for name in ("bin", "etc", "tmp", "root", "dev", "proc"):
        (folder / name).mkdir(parents=True)
    shutil.copy("/bin/busybox", folder / "bin/busybox")
    shutil.copy(escape, folder / "bin/escape")
    for applet in ("sh", "cat", "ls", "sleep", "echo", "true", "mkdir", "mv", "ln", "rm"):
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
        if name in ("sendto", "sendmsg", "sendmmsg", "connect"):
            assert error == "ENOENT"
        if name == "write":
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


def test_datagrams_go_to_the_address_in_the_message(debian):
    program = r"""
import array, ctypes, os, socket, struct, threading, time
def made(): return socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
def tell(call):
    try: return call()
    except OSError as e: return e.errno
rights = socket.SOL_SOCKET, socket.SCM_RIGHTS
os.chdir("/tmp"); log = made(); log.bind("log")
print(made().sendmsg([b"one", b"two"], [], 0, "log"), log.recv(10))
a = made(); print(tell(lambda: a.sendmsg([b"x"])), tell(lambda: a.sendmsg([b"x"], [], 0, "nobody")))
a.bind("a"); print(tell(lambda: a.sendmsg([b"x"])), tell(lambda: a.sendmsg([b"x" * 3000000], [], 0, "log")))
reader, writer = os.pipe()
print(a.sendmsg([b"fd"], [(*rights, array.array("i", [writer]))], 0, "log"), end=" ")
data, fds, _, _ = socket.recv_fds(log, 10, 5); os.write(fds[0], b"through"); print(data, os.read(reader, 10))
print(tell(lambda: a.sendmsg([b"fd"], [(*rights, array.array("i", [99]))], 0, "log")), a.sendmsg([], [], 0, "log"), log.recv(5))
x, y = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
print(x.sendmsg([b"pair"]), y.recv(10), x.sendmsg([b"named"], [], 0, "log"), log.recv(10))
other = made(); other.bind("other"); a.connect("log")
print(a.sendmsg([b"connected"]), log.recv(10), a.sendmsg([b"elsewhere"], [], 0, "other"), other.recv(10))
hasty, sent = made(), 0; hasty.setblocking(False)
while tell(lambda: hasty.sendmsg([b"more"], [], 0, "log")) == 4: sent += 1
def read_late():
    time.sleep(0.2)
    for _ in range(sent): log.recv(10)
late = threading.Thread(target=read_late); late.start()
print(sent > 0, made().sendmsg([b"waited"], [], 0, "log"), log.recv(10) in (b"more", b"waited")); late.join()
done = made(); done.bind("done")
class Vector(ctypes.Structure): _fields_ = [("base", ctypes.c_char_p), ("size", ctypes.c_size_t)]
class Message(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("name_size", ctypes.c_uint), ("vectors", ctypes.POINTER(Vector)),
        ("count", ctypes.c_size_t), ("control", ctypes.c_void_p), ("control_size", ctypes.c_size_t), ("flags", ctypes.c_int)]
class Messages(ctypes.Structure): _fields_ = [("message", Message), ("size", ctypes.c_uint)]
libc = ctypes.CDLL(None, use_errno=True)
def name(path): return struct.pack("H", 1) + path + b"\0"
many = (Messages * 3)(*[
    Messages(Message(name(b"done"), 7, ctypes.pointer(Vector(b"m%d" % i, 2)), 1, None, 0, 0), 0) for i in range(3)])
s = made(); print(libc.sendmmsg(s.fileno(), many, 3, 0), [m.size for m in many], [done.recv(9) for _ in range(3)])
many[1].message.name = name(b"gone"); print(libc.sendmmsg(s.fileno(), many, 3, 0), done.recv(9))
many[0].message.name = name(b"gone"); print(libc.sendmmsg(s.fileno(), many, 3, 0), ctypes.get_errno())
"""
    code, output = Kernel(debian, ["python3", "-c", program]).finish()
    assert code == 0, output
    assert output.splitlines() == [
        "6 b'onetwo'", "107 2", "107 90", "2 b'fd' b'through'", "9 0 b''", "4 b'pair' 5 b'named'",
        "9 b'connected' 9 b'elsewhere'", "True 6 True", "3 [2, 2, 2] [b'm0', b'm1', b'm2']", "1 b'm0'", "-1 2"]


OTHERS = {"prctl": "EINVAL", "socket": "EAFNOSUPPORT", "socketpair": "EOPNOTSUPP"}


def test_calls_without_a_place_in_a_container_are_refused(root):
    results = attempt(root, "calls")
    assert len(results) > 50
    for name, error in results:
        call = name.removeprefix("SYS_")
        assert error in (OTHERS[call],) if call in OTHERS else error in ("EPERM", "ENOSYS"), (name, error)


@pytest.fixture
def bird():
    """A process of the host's that nobody may touch."""
    process = subprocess.Popen(["sleep", "10000"])
    yield process
    alive = process.poll() is None
    nice = os.getpriority(os.PRIO_PROCESS, process.pid)
    process.kill()
    process.wait()
    assert alive and nice == 0


def test_processes_outside_are_out_of_reach(root, bird):
    kernel = Kernel(root, ["sleep", "1000"])
    children = pathlib.Path(f"/proc/{kernel.pid}/task/{kernel.pid}/children").read_text().split()
    nursery = int(next(c for c in children if int(c) != kernel.first))
    answer, reader = kernel.execute(["/bin/escape", "outsiders", *map(str, (bird.pid, os.getpid(), kernel.pid, nursery))],
                                    adopt=True)
    output = kernel.text(reader)
    kernel.wait(answer)
    results = [tuple(line.rsplit(" ", 1)) for line in output.splitlines()]
    expected = {"SYS_ptrace": {"ESRCH", "EPERM"}, "SYS_process_vm_readv": {"ESRCH", "EPERM"},
                "SYS_process_vm_writev": {"ESRCH", "EPERM"}, "SYS_kcmp": {"ENOSYS"}, "SYS_setpgid": {"EPERM"},
                "SIOCSPGRP": {"EPERM"}}
    for name in ("SYS_move_pages", "SYS_migrate_pages", "SYS_get_robust_list"):
        expected[name] = {"EPERM"}
    assert len(results) == 4 * 37 + 2, output
    for name, error in results[:-2]:
        gone = {"ENOENT"} if name.startswith("/") else {"ESRCH"}
        assert error in expected.get(name, gone), (name, error)
    assert results[-2:] == [("kill all", "ESRCH"), ("setpriority user", "0")]
    assert kernel.pids() == [kernel.first]
    kernel.signal(9)
    kernel.finish()


@pytest.fixture
def secret(tmp_path):
    """A file of the host's that nobody may read or change."""
    path = tmp_path / "secret"
    path.write_text("the host's own")
    yield path
    assert path.read_text() == "the host's own" and path.stat().st_mode & 0o777 == 0o644


def test_no_path_leads_out(root, secret):
    output = attempt(root, "paths", secret)
    assert len(output) > 140
    for name, error in output:
        if name in ("mknod", "mem", "chroot", "chdir", "fchdir"):
            assert error in ("0", "EPERM")
        elif name.startswith("open "):
            assert error in ("ENXIO", "EACCES", "ENOENT")
        else:
            assert error in ("ENOENT", "ENOTDIR"), (name, error)


def test_what_changes_during_a_call_reaches_nothing(root, tmp_path, secret):
    mark = tmp_path / "mark"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {mark}\n")
    program.chmod(0o755)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "server"))
        server.listen()
        server.setblocking(False)
        assert attempt(root, "races", secret, tmp_path / "server", program) == [("done", "0")]
        with pytest.raises(BlockingIOError):
            server.accept()
    assert not mark.exists()


def test_filters_of_ones_own_give_nothing(root, secret):
    assert attempt(root, "filters", secret, uid=1000) == [
        ("without no_new_privs", "EACCES"), ("listener", "EBUSY"),
        ("filter", "0"), ("open", "ENOENT"), ("io_uring", "ENOSYS"),
        ("filter", "0"), ("open", "ENOENT"), ("io_uring", "ENOSYS"),
        ("filter", "0"), ("open", "ENOENT"), ("io_uring", "ENOSYS"),
        ("filter", "0"), ("open", "ENOSYS"), ("io_uring", "ENOSYS")]


def test_a_process_gets_three_descriptors_and_leaves_no_core(root):
    assert attempt(root, "inherited") == [("setrlimit", "0"), ("dumped", "0")]


def test_requests_reach_no_further_than_their_descriptor(root, tmp_path, escape):
    (root / "etc/file").write_text("text")
    before = subprocess.run(["lsattr", root / "etc/file"], capture_output=True, text=True).stdout
    errors = attempt(root, "requests", "/etc/file")
    assert dict(errors) == {
        "TIOCSTI": "EPERM", "TIOCSTI high": "EPERM", "TIOCLINUX": "EPERM", "TIOCCONS": "EPERM", "TIOCSETD": "EPERM",
        "SETFLAGS": "ENOTTY", "FSSETXATTR": "ENOTTY", "VERITY": "ENOTTY", "SUBVOL": "ENOTTY", "lease": "EAGAIN",
        "notify": "EINVAL", "ftruncate": "EINVAL", "map": "EACCES", "fallocate": "EBADF"}
    assert subprocess.run(["lsattr", root / "etc/file"], capture_output=True, text=True).stdout == before


def test_objects_of_the_host_have_no_number_or_name_inside(root):
    libc = ctypes.CDLL(None, use_errno=True)
    key = 0x554B0000 + os.getpid() % 65536
    number = libc.shmget(key, 4096, 0o1600)
    assert number >= 0
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(f"\0canary{os.getpid()}")
            server.listen()
            server.setblocking(False)
            assert attempt(root, "objects", number, key, f"@canary{os.getpid()}") == [
                ("shmat", "EINVAL"), ("shmctl", "EINVAL"), ("shmget", "ENOENT"), ("connect", "ECONNREFUSED"),
                ("sendto", "ECONNREFUSED"), ("bind", "0")]
            with pytest.raises(BlockingIOError):
                server.accept()
    finally:
        libc.shmctl(number, 0, None)


def test_only_the_loader_gets_a_plan(root):
    shutil.copy("/bin/busybox", root / "bin/rooted")
    os.setxattr(root / "bin/rooted", "user.ukontainer.stat", b"0:0:4755:f")
    assert attempt(root, "plans", "/bin/rooted") == [
        ("request", "EFAULT"), ("too long", "E2BIG"), ("request", "EFAULT"), ("parent", "EINVAL")]


@pytest.fixture
def volume(tmp_path):
    folder = tmp_path / "volume"
    folder.mkdir()
    return folder


def test_descriptors_of_another_container_lead_nowhere(root, tmp_path, volume, escape):
    other = tmp_path / "other"
    (other / "etc").mkdir(parents=True)
    for name in ("bin", "dev", "proc", "tmp"):
        (other / name).mkdir()
    shutil.copy("/bin/busybox", other / "bin/busybox")
    shutil.copy(escape, other / "bin/escape")
    before = (other / "bin/busybox").stat()
    giver = Kernel(other, ["/bin/escape", "passing", "/v/s"], volumes={"/v": volume})
    wait_until((volume / "s").exists)
    results = attempt(root, "taking", "/v/s", volumes={"/v": volume})
    code, output = giver.finish()
    assert code == 0 and output.splitlines() == ["ready"] + [f"{w} 0" for w in ("folder", "path", "file", "process")]
    assert results[0] == ("connect", "0")
    for name, error in results[1:]:
        assert error in ("ENOENT", "ENOTDIR", "EBADF", "EROFS", "EACCES", "EPERM", "ESRCH", "EINVAL"), (name, error)
    assert len(results) == 15
    after = (other / "bin/busybox").stat()
    assert (before.st_mode, before.st_mtime_ns) == (after.st_mode, after.st_mtime_ns)
    assert sorted(os.listdir(other)) == ["bin", "dev", "etc", "proc", "tmp", "v"]


def test_links_that_turn_up_on_a_volume_are_not_followed_by_the_host(root, tmp_path, volume, secret, escape):
    turner = Kernel(root, ["/bin/escape", "turning", "/v/folder", str(secret.parent)], volumes={"/v": volume})
    second = shutil.copytree(root, tmp_path / "second", symlinks=True)
    before = set(os.listdir(secret.parent))
    assert attempt(second, "using", "/v/folder/secret", "/v/folder/made", volumes={"/v": volume}) == [("done", "0")]
    turner.signal(9, True)
    turner.finish()
    assert set(os.listdir(secret.parent)) == before


def test_links_that_turn_up_under_a_second_name_of_a_volume(root, volume, secret):
    """The kernel has seen a folder under one name when a link takes its place under another one."""
    (volume / "folder").mkdir()
    script = f"""ls /a/folder; cat /a/folder/secret
mv /b/folder /b/gone && ln -s {secret.parent} /b/folder
cat /a/folder/secret; echo x > /a/folder/made; ls /a/folder/; cd /a/folder && cat secret"""
    code, output = Kernel(root, ["sh", "-c", script], volumes={"/a": volume, "/b": volume}).finish()
    assert "the host's own" not in output and output.count("No such file") + output.count("nonexistent") >= 4, output
    assert not (secret.parent / "made").exists()


def elf(*headers, kind=2, entry=0x400078, count=None, interpreter=b""):
    """A program of which only the headers matter; each is (type, flags, offset, address, file size, memory size)."""
    table = b"".join(struct.pack("<IIQQQQQQ", t, f, o, a, a, s, m, 4096) for t, f, o, a, s, m in headers)
    start = struct.pack(
        "<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", kind, 62, 1, entry, 64, 0, 0, 64, 56,
        len(headers) if count is None else count, 0, 0, 0)
    return (start + table + interpreter).ljust(4096, b"\xcc")


@pytest.mark.parametrize("program, error", [
    (elf((1, 5, 0, 0x400000, 4096, 4096), (1, 6, 0, 0x400000, 4096, 8192)), 126),
    (elf((1, 5, 0, 0x400000, 4096, 4096), (1, 6, 0, 0x3ff000, 4096, 4096)), 126),
    (elf((1, 5, 0, 0x400000, 4096, 4096), count=65535), 126),
    (elf(*[(1, 5, 0, 0x400000 + i * 4096, 4096, 4096) for i in range(60)]), 126),
    (elf((1, 5, 0, 0, 4096, 4096), entry=0x78), 126),
    (elf((1, 7, 0, 0x200000000000, 4096, 1 << 20), entry=0x200000000078), 126),
    (elf((1, 7, 0, 0x1ffffffff000, 4096, 1 << 21), entry=0x1ffffffff078), 126),
    (elf((1, 7, 0, 0x400000, 4096, (1 << 64) - 4096)), 126),
    (elf((1, 7, 0, 0x400000, 4096, 1 << 47)), 126),
    (elf((1, 7, 0, 0x400000, 8192, 4096)), 126),
    (elf((1, 7, 1 << 63, 0x400000, 4096, 4096)), 126),
    (elf((1, 7, 1 << 61, 0x400000, 4096, 4096)), None),
    (elf((1, 7, 0, 0x400000, 4096, 1 << 46)), None),
    (elf((1, 5, 0, 0x400000, 4096, 4096), entry=0x7fff00000000), 126),
    (elf((1, 5, 0, 0x400000, 4096, 4096), (3, 4, 176, 0, 11, 11), interpreter=b"/bin/loop1\0"), None),
    (elf((1, 5, 0, 0x400000, 4096, 4096), (3, 4, 176, 0, 1 << 40, 1 << 40), interpreter=b"/bin/loop1\0"), 126),
    (elf((1, 5, 0, 0x400000, 4096, 4096), (3, 4, 176, 0, 4, 4), interpreter=b"\0\0\0\0"), 126),
    (elf((1, 5, 0, 0x400000, 4096, 4096))[:40], 126),
    (elf((1, 5, 0, 0x400000, 4096, 4096))[:70], 126),
    (b"#!/bin/loop1\n", None),
    (b"#!\n", 126),
    (b"#!" + b"/" * 300, None),
])
def test_hostile_programs_harm_nobody_but_themselves(root, program, error):
    (root / "bin/loop1").write_bytes(program)
    (root / "bin/loop1").chmod(0o755)
    code, output = Kernel(root, ["/bin/escape", "executing", "/bin/loop1"]).finish()
    assert code == 0 and output.endswith("alive\n"), output
    result = output.splitlines()[0]
    if error == 126:
        assert result in ("ENOEXEC", "ELIBBAD", "EINVAL"), output
    else:
        assert result in ("ENOEXEC", "ELIBBAD", "ELOOP", "EINVAL", "ENOENT", "EACCES", "signal 11", "signal 7", "signal 5"), output


@pytest.mark.parametrize("options", [[], ["-t"], ["-i"]])
def test_an_engines_container_gets_no_descriptors_of_the_chain(chain, options):
    script = "for fd in /proc/self/fd/*; do echo ${fd##*/}; done"
    names = chain.uk("run", "--rm", *options, "runu-base", "sh", "-c", script, input="").stdout.split()
    # The shell's own, for reading the folder, is gone by the time that it prints, or is its 3.
    assert set(names) <= {"0", "1", "2", "3"}, names
    chain.uk("run", "-d", "--name", "inner", "runu-base", "sleep", "1000")
    names = chain.uk("exec", "inner", "sh", "-c", script).stdout.split()
    chain.uk("rm", "-f", "inner")
    assert set(names) <= {"0", "1", "2", "3"}, names


def test_no_arguments_of_any_call_end_the_kernel(root, tmp_path):
    compile_static("hostile_calls.c", root / "bin/hostile")
    code, output = Kernel(root, ["/bin/hostile", "1", "120"], cwd="/tmp", pids=200, memory=1 << 30).finish()
    assert code == 0 and "alive: 1 of 1" in output, output[-300:]
