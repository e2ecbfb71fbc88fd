"""The kernel alone: its processes, and what they can and cannot see."""
import os
import pathlib
import shutil
import signal
import subprocess
import time

import pytest

from conftest import is_alive, wait_until
from kernel_driver import Kernel, request


@pytest.fixture
def root(tmp_path):
    """A root folder of busybox."""
    tmp_path.chmod(0o755)
    for name in ("bin", "etc", "tmp", "root"):
        (tmp_path / name).mkdir()
    shutil.copy("/bin/busybox", tmp_path / "bin/busybox")
    for applet in subprocess.run(["/bin/busybox", "--list"], capture_output=True, text=True).stdout.split():
        if applet != "busybox":
            (tmp_path / "bin" / applet).symlink_to("busybox")
    return tmp_path


def reap():
    """Waits for all that has ended; returns how many did."""
    count = 0
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            count += 1
    except ChildProcessError:
        pass
    return count


@pytest.mark.parametrize("script, code, output", [
    ("uname -srv", 0, "Linux 6.1.0-ukernel #1 ukontainer\n"),
    ("exit 7", 7, ""),
    ("echo $$ $PPID; (exit 3); echo $?", 0, "1 0\n3\n"),
    ("nosuch", 127, "sh: nosuch: not found\n"),
    ("hostname; id -u; pwd; umask", 0, "box\n0\n/\n0022\n"),
    ("trap 'echo caught' USR1; kill -USR1 $$; kill -KILL $$; echo alive", 0, "caught\nalive\n"),
    ("printf '#!/bin/sh\\necho $0 $1' > /tmp/s; chmod +x /tmp/s; /tmp/s x", 0, "/tmp/s x\n"),
    ("printf '#!/tmp/a\\n' > /tmp/a; chmod +x /tmp/a; /tmp/a; echo $?", 0, None),
    ("cd /tmp; (sleep 0.1; pwd) & cd /etc; wait; pwd", 0, "/tmp\n/etc\n"),
    ("kill -0 2; kill -9 999999; ls /proc/999999", 1, None),
])
def test_a_shell_gets_what_it_expects(root, script, code, output):
    result = Kernel(root, ["sh", "-c", script]).finish()
    assert result[0] == code
    assert output is None or result[1] == output


def test_processes_outside_do_not_exist(root):
    _, output = Kernel(root, ["sh", "-c", f"kill -0 {os.getpid()} 2>&1; ls -d /proc/[0-9]* | wc -l; ps | wc -l"]).finish()
    assert "No such process" in output
    # The shell itself, and what each pipe runs.
    assert all(int(line) <= 4 for line in output.split("\n")[1:3])


def test_a_pipeline_is_not_disturbed_by_its_children(root):
    script = "i=0; while [ $i -lt 300 ]; do true | cat; [ -e /bin/true ] || echo gone; i=$((i+1)); done; echo done"
    assert Kernel(root, ["sh", "-c", script]).finish() == (0, "done\n")


def test_a_missing_program_fails_by_name(root):
    kernel = Kernel(root, ["nosuch"], start=False)
    assert kernel.boot_answer == ("failure", 2, 'exec: "nosuch": executable file not found in $PATH')
    os.waitpid(kernel.pid, 0)
    kernel.close()


def test_further_processes(root):
    kernel = Kernel(root, ["sleep", "1000"])
    answer, output = kernel.execute(["sh", "-c", "echo hello; exit 9"], adopt=False)
    link = kernel.last_link
    assert kernel.receive(link)[0] == ("exited", answer[1], 9 << 8)
    assert kernel.text(output) == "hello\n"
    answer, output = kernel.execute(["sh", "-c", "id -u; exit 8"], adopt=True, uid=1234)
    assert answer[0] == "started"
    assert os.waitstatus_to_exitcode(kernel.wait(answer)) == 8
    assert kernel.text(output) == "1234\n"
    assert kernel.execute(["/etc"], adopt=True)[0][:2] == ("failure", 13)
    wait_until(lambda: kernel.pids() == [kernel.first], what="the end of what could not execute")
    # The first process does not handle it, so it is lost, as in a pid namespace.
    assert kernel.signal(signal.SIGTERM) == ("done",)
    time.sleep(0.1)
    assert is_alive(kernel.first)
    kernel.signal(signal.SIGKILL)
    assert kernel.finish()[0] == -signal.SIGKILL


def test_a_dead_kernel_leaves_nobody(root):
    script = "setsid sh -c 'trap : TERM HUP INT; sleep 1000 & while :; do sleep 1; done' & while :; do true; done"
    for _ in range(5):
        kernel = Kernel(root, ["sh", "-c", script])
        other, output = kernel.execute(["sleep", "1077"], adopt=True)
        wait_until(lambda: len(kernel.pids()) >= 5, what="all processes")
        pids = kernel.pids()
        assert other[1] in pids
        os.kill(kernel.pid, signal.SIGKILL)
        wait_until(lambda: not any(is_alive(pid) for pid in pids), what="the container's end")
        kernel.text(output)
        kernel.text(kernel.output)
        wait_until(lambda: reap() == 0 and not is_alive(kernel.pid))
        kernel.close()


def test_nobody_outlives_the_first_process(root):
    kernel = Kernel(root, ["sh", "-c", "setsid sleep 1000 & sleep 1000 & sleep 0.1; exit 4"])
    started = time.monotonic()
    code, _ = kernel.finish()
    assert code == 4 and time.monotonic() - started < 250
    reap()
    assert not kernel.path.exists()


def test_the_limit_of_processes_is_exact(root):
    # The shell and three children.
    script = "for i in 1 2 3 4; do sleep 1000 & done; echo made"
    kernel = Kernel(root, ["sh", "-c", script], pids=4)
    code, output = kernel.finish()
    assert code == 2 and "can't fork: Resource temporarily unavailable" in output
    script = "i=0; while [ $i -lt 40 ]; do (true); /bin/true; i=$((i+1)); done; echo made"
    assert Kernel(root, ["sh", "-c", script], pids=3).finish() == (0, "made\n")


def test_a_terminal_with_job_control(root):
    kernel = Kernel(root, ["sh"], terminal=True)
    screen = b""

    def until(text):
        nonlocal screen
        deadline = time.monotonic() + 200
        while text not in screen:
            assert time.monotonic() < deadline, screen
            screen += os.read(kernel.output, 4096)

    until(b"# ")
    assert b"job control" not in screen and b"can't access tty" not in screen
    for line, answer in [
        # What the programs say shows that they, and no longer the shell, are what the keys are for.
        (b"tty\n", b"/dev/pts/"), (b"sh -c 'echo up$((1)); exec sleep 99'\n", b"up1"), (b"\x03", b"^C"),
        (b"echo st=$?\n", b"st=130"), (b"sh -c 'echo up$((2)); exec cat'\n", b"up2"), (b"\x1a", b"Stopped"), (b"kill %1; fg 2>/dev/null; echo on\n", b"on"),
        (b"stty size\n", b"24 80"),
    ]:
        os.write(kernel.output, line)
        until(answer)
    os.write(kernel.output, b"exit 5\n")
    assert kernel.finish()[0] == 5


def test_garbage_on_the_control_socket_is_refused(root):
    import socket
    kernel = Kernel(root, ["sleep", "1000"])
    for data in (b"\xff\xff\xff\xff", b"\x05\0\0\0\1\x63abc", b"\x02\0\0\0\7\2", b"\x0a\0\0\0\1\3\xff\xff\xff\xff1234"):
        with socket.socket(socket.AF_UNIX) as link:
            link.connect(str(kernel.path))
            link.sendall(data)
            assert kernel.receive(link)[0][0] == "failure"
    with socket.socket(socket.AF_UNIX) as link:
        link.connect(str(kernel.path))
        link.sendall(b"\x40\0\0\0half")
    assert kernel.ask(request(11))[0] == ("status", 2, kernel.first)
    kernel.signal(signal.SIGKILL)
    kernel.finish()


def test_the_container_ends_with_its_nursery(root):
    kernel = Kernel(root, ["sleep", "1000"])
    nursery = [int(pid) for pid in pathlib.Path(f"/proc/{kernel.pid}/task/{kernel.pid}/children").read_text().split()] \
        if os.path.exists(f"/proc/{kernel.pid}/task/{kernel.pid}/children") else \
        [int(p) for p in subprocess.run(["pgrep", "-P", str(kernel.pid)], capture_output=True, text=True).stdout.split()]
    os.kill(nursery[0], signal.SIGKILL)
    assert kernel.finish()[0] == -signal.SIGKILL
