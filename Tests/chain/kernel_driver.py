"""Speaks KernelProtocol to a ukernel of its own, as runu does: a kernel without the rest of the chain."""
import array
import atexit
import ctypes
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import tempfile

from conftest import BIN

# What Docker gives a container by default.
CAPABILITIES = 0xA80425FB
ENVIRONMENT = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"]
MOUNTS = [
    ("/proc", "proc", "proc", ["nosuid", "noexec", "nodev"]),
    ("/dev", "tmpfs", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
    ("/dev/pts", "devpts", "devpts", ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
    ("/dev/shm", "tmpfs", "shm", ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]),
]


def compile_static(source, target, *options):
    """Makes the program `target` of a C source that lies beside the tests; it needs nothing of a container's root."""
    source = pathlib.Path(__file__).parent / source
    subprocess.run(["gcc", "-O1", "-static", "-pthread", *options, "-o", target, source], check=True)
    return target


class Writer:
    """`WireWriter`: little-endian integers, and strings and lists with their length before them."""

    def __init__(self):
        self.bytes = b""

    def number(self, form, *values):
        self.bytes += struct.pack("<" + form, *values)
        return self

    def string(self, value):
        data = value.encode()
        self.number("I", len(data)).bytes += data
        return self

    def optional(self, value):
        self.number("B", value is not None)
        return self if value is None else self.string(value)

    def strings(self, values):
        self.number("I", len(values))
        for value in values:
            self.string(value)
        return self


def process(writer, arguments, *, cwd="/", uid=0, gid=0, groups=(), terminal=False, environment=ENVIRONMENT):
    writer.strings(arguments).strings(environment).string(cwd)
    writer.number(f"III{len(groups)}II", uid, gid, len(groups), *groups, 0o022)
    effective = CAPABILITIES if uid == 0 else 0
    writer.number("QQQQQ", CAPABILITIES, effective, 0, effective, 0)
    # The last two: no scheduler, no I/O priority.
    writer.number("IBBIIiBB", 0, 0, terminal, 24, 80, 0, 0, 0)


def request(kind, payload=b""):
    return struct.pack("<BB", 1, kind) + payload


class Kernel:
    """One container's kernel. The test's process becomes the subreaper that adopts the container's processes.

    `root` is the writable folder, above the read-only `layers`.
    """

    def __init__(self, root, arguments, *, layers=(), pids=0, memory=0, quota=0, processors="", start=True, volumes={},
                 mounts=(), **options):
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="uk-kernel-"))
        # Tests that fail, and those that kill the kernel, may not come to `close`.
        atexit.register(self.sweep)
        self.path = self.folder / "kernel.sock"
        ours, theirs = socket.socketpair()
        self.output, output = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            null = os.open("/dev/null", os.O_RDWR)
            for number in (0, 1):
                os.dup2(null, number)
            os.dup2(theirs.fileno(), 3)
            os.set_inheritable(3, True)
            os.closerange(4, 256)
            program = os.environ.get("UKERNEL", BIN / "ukernel")
            os.execv(program, ["ukernel", "--control", str(self.path)])
        theirs.close()
        self.socket = ours
        writer = Writer().number("BB", 1, 1).string("test").string("box").string("")
        writer.strings([str(layer) for layer in layers]).optional(str(root)).optional(None).number("B", 0)
        mounts = MOUNTS + list(mounts) + [(inside, "bind", str(outside), ["rbind", "rw"]) for inside, outside in volumes.items()]
        writer.number("I", len(mounts))
        for destination, kind, source, flags in mounts:
            writer.string(destination).string(kind).string(source).strings(flags)
        writer.number("III", 0, 0, 0).number("qqqqq", pids, memory, 0, quota, 0).string(processors)
        # No devices, no seccomp profile, no personality.
        writer.number("IBB", 0, 0, 0)
        process(writer, arguments, **options)
        writer.number("I", 0)
        null = os.open("/dev/null", os.O_RDONLY)
        standard = [] if options.get("terminal") else [null, output, output]
        answer, descriptors = self.ask(writer.bytes, standard, over=ours)
        for descriptor in (null, output):
            os.close(descriptor)
        self.boot_answer = answer
        # Whom to wait for: the first process, or the kernel where that stands for it.
        self.waited = answer[1] if answer[0] == "started" else None
        self.first = self.pids()[0] if self.waited == self.pid else self.waited
        if descriptors:
            os.close(self.output)
            self.output = descriptors[0]
        if start:
            assert answer[0] == "started", answer
            assert self.ask(request(2), over=ours)[0][0] == "done"

    def ask(self, body, descriptors=(), over=None):
        """Sends a request, and returns its answer with the descriptors that came along."""
        link = over
        if link is None:
            link = socket.socket(socket.AF_UNIX)
            link.connect(str(self.path))
        data = struct.pack("<I", len(body)) + body
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
        link.sendmsg([data[:1]], rights)
        link.sendall(data[1:])
        answer = self.receive(link)
        if over is None:
            self.last_link = link
        return answer

    @staticmethod
    def receive(link):
        descriptors = []

        def fill(count):
            data = b""
            while len(data) < count:
                part, control, _, _ = link.recvmsg(count - len(data), 1024)
                for _, _, payload in control:
                    descriptors.extend(array.array("i", payload))
                if not part:
                    raise EOFError("the kernel closed its socket")
                data += part
            return data

        body = fill(struct.unpack("<I", fill(4))[0])
        kind, rest = body[1], body[2:]
        if kind == 128:
            return ("done",), descriptors
        if kind == 129:
            return ("started", *struct.unpack("<i?", rest)), descriptors
        if kind == 130:
            return ("exited", *struct.unpack("<ii", rest)), descriptors
        if kind == 131:
            return ("processes", list(struct.unpack(f"<{(len(rest) - 4) // 4}i", rest[4:]))), descriptors
        if kind == 133:
            return ("status", rest[0], struct.unpack("<i", rest[1:])[0]), descriptors
        if kind == 134:
            error, length = struct.unpack("<iI", rest[:8])
            return ("failure", error, rest[8:8 + length].decode()), descriptors
        return (kind, rest), descriptors

    def execute(self, arguments, adopt, **options):
        """Starts a further process; returns the answer, to be given to `wait`, and what it wrote, for `text`."""
        reader, writer = os.pipe()
        null = os.open("/dev/null", os.O_RDONLY)
        body = Writer().number("BB", 1, 3)
        process(body, arguments, **options)
        body.number("B", adopt)
        answer, _ = self.ask(body.bytes, [null, writer, writer])
        os.close(null)
        os.close(writer)
        return (*answer, self.last_link), reader

    def wait(self, answer):
        """The status of a process that `execute` has orphaned, or would have: then the kernel tells it."""
        _, pid, needs_stand_in, link = answer
        if not needs_stand_in:
            return os.waitpid(pid, 0)[1]
        (kind, told, status), _ = self.receive(link)
        assert (kind, told) == ("exited", pid)
        return status

    def pids(self):
        return self.ask(request(6))[0][1]

    def signal(self, number, everybody=False):
        return self.ask(request(4, struct.pack("<IB", number, everybody)))[0]

    @staticmethod
    def text(descriptor):
        """All that comes until the last writer is gone."""
        data = b""
        while True:
            try:
                part = os.read(descriptor, 65536)
            except OSError:
                part = b""
            if not part:
                os.close(descriptor)
                return data.decode(errors="replace")
            data += part

    def finish(self):
        """Waits for the first process and for the kernel; returns the first process's exit code and output."""
        output = self.text(self.output)
        code = os.waitstatus_to_exitcode(os.waitpid(self.waited, 0)[1])
        if self.waited != self.pid:
            os.waitpid(self.pid, 0)
        self.close()
        return code, output

    def sweep(self):
        """What is left of it when all tests have ended."""
        try:
            if os.waitpid(self.pid, os.WNOHANG) == (0, 0):
                os.kill(self.pid, signal.SIGKILL)
        except ChildProcessError:
            pass
        shutil.rmtree(self.folder, ignore_errors=True)

    def close(self):
        self.socket.close()
        shutil.rmtree(self.folder, ignore_errors=True)
