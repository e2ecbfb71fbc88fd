"""What a container may use, without cgroups: memory, processor time, processors; and what is told of it."""
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import tempfile
import time

import pytest

from conftest import wait_until
from kernel_driver import Kernel, request
from test_escape import debian, escape, root  # noqa: F401: fixtures


def statistics(kernel):
    """(processes, user ns, system ns, memory, peak, memory limit, pids limit, oom kills, bytes read, bytes written)."""
    kind, body = kernel.ask(request(7))[0]
    assert kind == 132
    return struct.unpack("<IQQQQQQIQQ", body)


def usage_at_the_end(kernel):
    """What wait4(2) tells of the first process."""
    usage = os.wait4(kernel.waited, 0)[2]
    kernel.text(kernel.output)
    if kernel.waited != kernel.pid:
        os.waitpid(kernel.pid, 0)
    kernel.close()
    if kernel.waited == kernel.pid:
        pytest.skip("on this host the kernel stands for the first process, and wait4 tells its usage")
    return usage


def test_a_process_that_eats_memory_is_killed_at_the_limit(debian):
    program = "x = []\nwhile True: x.append(bytearray(1 << 20))"
    kernel = Kernel(debian, ["python3", "-c", program], memory=64 << 20)
    code, _ = kernel.finish()
    assert code == -9


def test_memory_that_is_shared_counts_once_and_the_largest_goes(debian):
    program = """
import os, signal, time
told = []
signal.signal(signal.SIGUSR1, lambda *_: told.append(1))
x = bytearray(os.urandom(1 << 20) * 40)
pids = []
for _ in range(4):
    pid = os.fork()
    if pid == 0: time.sleep(1000)
    pids.append(pid)
time.sleep(0.5)
print([os.waitpid(p, os.WNOHANG)[0] for p in pids], flush=True)
pid = os.fork()
if pid == 0:
    y = bytearray(os.urandom(1 << 20) * 60); z = bytearray(os.urandom(1 << 20) * 60); time.sleep(1000)
print(os.waitpid(pid, 0)[1], flush=True)
while not told: time.sleep(0.1)
open("/proc/self/oom_score_adj", "w").write("500")
for p in pids: os.kill(p, 9)
"""
    kernel = Kernel(debian, ["python3", "-c", program], memory=100 << 20)
    wait_until(lambda: statistics(kernel)[7] == 1, what="a kill")
    assert (kernel.folder / "oom").stat().st_size == 1
    kernel.signal(signal.SIGUSR1)
    assert kernel.finish() == (0, "[0, 0, 0, 0]\n9\n")


def test_half_a_processor_is_half_a_processor(root):
    """Two processes that never wait, with processes that come and go."""
    script = "(while :; do :; done) & (while :; do /bin/true; done) & sleep 1000"
    kernel = Kernel(root, ["sh", "-c", script], quota=50_000)

    def used():
        told = statistics(kernel)
        return (told[1] + told[2]) / 1e9

    wait_until(lambda: used() > 0.1, what="what was used")
    # What is used too much for a moment, where other work holds the kernel up, is earned afterwards: in the end it is half.
    # A machine with other work gives less.
    begin, first, shares = time.monotonic(), used(), []
    while not shares or shares[-1] >= 0.55 and len(shares) < 30:
        time.sleep(4)
        shares.append((used() - first) / (time.monotonic() - begin))
    kernel.signal(9)
    kernel.finish()
    assert 0 < shares[-1] < 0.55, shares


def test_nobody_inside_sees_that_the_container_stands_still(debian):
    program = r"""
import os, signal, time
seen = []
signal.signal(signal.SIGUSR1, lambda *a: None)
pid = os.fork()
if pid == 0:
    while True: pass
end = time.monotonic() + 2
while time.monotonic() < end:
    p, status = os.waitpid(pid, os.WNOHANG | os.WUNTRACED)
    if p: seen.append(status)
os.kill(pid, signal.SIGSTOP)
print(os.waitpid(pid, os.WUNTRACED)[1] == 0x137f, seen)
time.sleep(1)
print(open(f"/proc/{pid}/stat").read().split()[2])
os.kill(pid, 9)
"""
    kernel = Kernel(debian, ["python3", "-c", program], quota=30_000)
    assert kernel.finish() == (0, "True []\nT\n")


def test_processors_are_those_that_were_given(debian):
    program = """
import os, threading
print(os.sched_getaffinity(0))
os.sched_setaffinity(0, range(64)); print(os.sched_getaffinity(0))
try: os.sched_setaffinity(0, [1])
except OSError as e: print(e.errno)
print(os.popen("nproc").read(), end="")
"""
    kernel = Kernel(debian, ["python3", "-c", program], processors="0")
    assert kernel.finish() == (0, "{0}\n{0}\n22\n1\n")


@pytest.mark.parametrize("script", [
    "i=0; while [ $i -lt 150000 ]; do i=$((i+1)); done",
    "i=0; while [ $i -lt 200 ]; do /bin/true; i=$((i+1)); done",
    "cat /dev/zero | head -c 400000000 >/dev/null",
    "for i in 1 2 3 4 5 6; do (while :; do :; done) & p=$!; sleep 0.2; kill -9 $p; wait $p; done",
])
def test_processor_time_is_told_right(root, script):
    """As wait4(2) tells it, which counts all children that were waited for."""
    kernel = Kernel(root, ["sh", "-c", f"exec 2>/dev/null; {script}; echo done; sleep 1000"])
    assert os.read(kernel.output, 5) == b"done\n"
    told = statistics(kernel)
    kernel.signal(9)
    usage = usage_at_the_end(kernel)
    total = (told[1] + told[2]) / 1e9
    # Beside it is what `sleep` took to start, and what the shell took to end.
    assert abs(total - usage.ru_utime - usage.ru_stime) < 0.05 * total + 0.05, (told, usage)
    assert abs(told[1] / 1e9 - usage.ru_utime) < 0.05 * total + 0.1, (told, usage)


def test_memory_is_told_right(debian):
    program = "import os, time; x = bytearray(os.urandom(1 << 20)) * 100; print(1, flush=True); time.sleep(1000)"
    kernel = Kernel(debian, ["python3", "-c", program], memory=1 << 30)
    assert os.read(kernel.output, 2) == b"1\n"
    told = statistics(kernel)
    kernel.signal(9)
    usage = usage_at_the_end(kernel)
    assert abs(told[3] / 1024 - usage.ru_maxrss) < 0.05 * usage.ru_maxrss, (told, usage)
    assert abs(told[4] / 1024 - usage.ru_maxrss) < 0.05 * usage.ru_maxrss
    assert told[5] == 1 << 30 and told[7] == 0


def test_an_engine_hears_of_want_of_memory(chain, name):
    # busybox has no other way to eat memory: awk keeps what it is given.
    eater = """awk 'BEGIN { s = "0123456789abcdef"; while (1) { s = s s; a[i++] = s } }'"""
    since = str(time.time() - 1)
    assert chain.uk("run", "--name", name, "-m", "64m", "runu-base", "sh", "-c", f"exec {eater}",
                    check=False).returncode == 137
    state = chain.inspect(name)["State"]
    assert state["OOMKilled"] is True and state["ExitCode"] == 137
    events = chain.uk("events", "--since", since, "--until", str(time.time()), "--filter", f"container={name}",
                      "--format", "{{.Action}}").stdout.split()
    assert events.index("oom") < events.index("die")
    # The first process goes on when another one is killed.
    code = chain.uk("run", "--name", name + "2", "-m", "64m", "runu-base", "sh", "-c", f"{eater}; echo code $?; exit 3",
                    check=False)
    assert code.returncode == 3 and "code 137" in code.stdout
    assert chain.inspect(name + "2")["State"]["OOMKilled"] is True
    chain.uk("rm", name, name + "2")
    assert chain.uk("run", "--rm", "-m", "64m", "runu-base", "true").returncode == 0
    chain.assert_clean()


def test_a_small_tmpfs_is_full_when_it_is(root):
    script = """
df -k /t | tail -1
i=0; while dd if=/dev/zero of=/t/$i bs=64k count=8 2>/dev/null && [ $i -lt 20 ]; do i=$((i+1)); usleep 20000; done; echo $i
mkdir /t/folder || echo no folder; df -k /t | tail -1
rm /t/*; usleep 20000; echo x > /t/y && cat /t/y"""
    for applet in ("df", "tail", "dd", "usleep"):
        (root / "bin" / applet).symlink_to("busybox")
    lines = Kernel(root, ["sh", "-c", script], mounts=[("/t", "tmpfs", "none", ["size=2m"])]).finish()[1].splitlines()
    assert lines[0].split()[1:4] == ["2048", "0", "2048"], lines
    assert lines[1] == "4", lines
    assert "no folder" in lines and lines[-1] == "x"
    assert lines[[i for i, line in enumerate(lines) if line.startswith("none")][-1]].split()[3] == "0"


def test_files_in_memory_count(debian):
    """Memory that is mapped from a file without a name. The kernel looks at it now and then: the program stays."""
    program = """
import mmap, time
m = mmap.mmap(-1, 200 << 20)
for i in range(0, 200 << 20, 4096): m[i] = 1
time.sleep(1000)
"""
    assert Kernel(debian, ["python3", "-c", program], memory=64 << 20).finish()[0] == -9


def test_bytes_from_and_to_disks_are_those_that_the_host_counts(chain, name, tmp_path):
    """The host's figures for the same work are the judge; processes that have ended are among them."""
    def work(folder, megabytes):
        file = f"{folder}/blocks"
        return (f"busybox dd if=/dev/zero of={file} bs=64k count={16 * megabytes} conv=fsync; "
                f"busybox dd if={file} of=/dev/null bs=64k iflag=direct")

    def told():
        stats = json.loads(chain.run("curl", "-s", "--unix-socket", chain.socket,
                                     f"http://d/v1.41/containers/{name}/stats?stream=false&one-shot=true").stdout)
        entries = stats["blkio_stats"]["io_service_bytes_recursive"]
        return {op: sum(e["value"] for e in entries or [] if e["op"] == op) for op in ("read", "write")}

    def is_near(one, other):
        # The host counts what it keeps of files, too: blocks of folders and of inodes.
        return all(abs(one[op] - other[op]) <= 512 << 10 for op in other)

    # Where the container's files lie.
    folder = tempfile.mkdtemp(dir=chain.folder)
    text = subprocess.run(["busybox", "sh", "-c", f"{work(folder, 8)}; busybox cat /proc/$$/io"], capture_output=True,
                          text=True, check=True).stdout
    host = {op: int(re.search(f"^{op}_bytes: (.*)", text, re.M)[1]) for op in ("read", "write")}
    chain.uk("run", "-d", "--name", name, "runu-base", "sh", "-c", f"{work('', 8)}; echo done; sleep 1000")
    wait_until(lambda: "done" in chain.uk("logs", name).stdout)
    assert is_near(told(), host), (told(), host)
    # What an exec has done counts after its end, though it is nobody's child inside; so does what its children have done.
    chain.uk("exec", name, "sh", "-c", work("", 8))
    twice = {op: 2 * value for op, value in host.items()}
    wait_until(lambda: is_near(told(), twice), timeout=20, what=f"{twice}, which is {told()}")
    chain.uk("exec", name, "sh", "-c", f"({work('', 8)}) & wait; exit 3", check=False)
    thrice = {op: 3 * value for op, value in host.items()}
    wait_until(lambda: is_near(told(), thrice), timeout=20, what=f"{thrice}, which is {told()}")
    # The same by the other ways.
    metrics = json.loads(chain.ctr("tasks", "metrics", "--format", "json", chain.inspect(name)["Id"], namespace="moby").stdout)
    text = json.dumps(metrics)
    assert str(told()["write"]) in text, metrics
    shown = chain.uk("stats", "--no-stream", "--format", "{{.BlockIO}}", name).stdout
    if host["write"] > 1 << 20:
        assert re.match(r"2[4-6](\.\d+)?MB / 2[4-6](\.\d+)?MB", shown) or not host["read"], shown
    chain.uk("rm", "-f", name)
    shutil.rmtree(folder)


def test_an_engine_passes_limits_on_and_tells_what_is_used(chain, name):
    """The shell's own figures are the judge, and what it waited for counts after its end."""
    script = ("t=$(date +%s); nproc; while [ $(($(date +%s) - t)) -lt 4 ]; do i=0; "
              "while [ $i -lt 2000 ]; do i=$((i+1)); done; done; cat /proc/self/stat >/dev/null; times; "
              "echo $(($(date +%s) - t + 1)); sleep 1000")
    chain.uk("run", "-d", "--name", name, "--cpus", "0.5", "--cpuset-cpus", "0", "-m", "256m", "runu-base", "sh", "-c", script)
    lines = wait_until(lambda: len(chain.uk("logs", name).stdout.splitlines()) == 4 and chain.uk("logs", name).stdout,
                       what="the figures").splitlines()
    assert lines[0] == "1"
    # times(1): the shell's user and system time, then its children's.
    elapsed = int(lines.pop())
    parts = [part for line in lines[1:] for part in line.split()]
    seconds = [int(m) * 60 + float(s.rstrip("s")) for m, s in (part.split("m") for part in parts)]
    stats = json.loads(chain.run("curl", "-s", "--unix-socket", chain.socket,
                                 f"http://d/v1.41/containers/{name}/stats?stream=false&one-shot=true").stdout)
    used = stats["cpu_stats"]["cpu_usage"]
    assert sum(seconds) < 0.6 * elapsed, (lines, elapsed)
    assert abs(used["total_usage"] / 1e9 - sum(seconds)) < 0.05 * sum(seconds) + 0.1, (used, lines)
    assert abs(used["usage_in_usermode"] / 1e9 - seconds[0] - seconds[2]) < 0.1 * sum(seconds) + 0.1
    assert stats["memory_stats"]["limit"] == 256 << 20 and stats["pids_stats"]["current"] in (1, 2)
    chain.uk("rm", "-f", name)
