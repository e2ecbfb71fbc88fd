"""How a container ends when its kernel does, and what processes that die in the middle of a call leave: nothing."""
import os
import pathlib
import signal
import time

from conftest import is_alive, processes, wait_until
from kernel_driver import Kernel
from test_escape import escape, root  # noqa: F401: fixtures
from test_kernel import reap


def test_everything_dies_with_the_kernel(root):
    for turn in range(3):
        name = f"mark-{os.getpid()}-{turn}"
        kernel = Kernel(root, ["/bin/escape", "dying", name])
        assert os.read(kernel.output, 6) == b"ready\n"
        other, output = kernel.execute(["/bin/escape", "dying", name], adopt=True)

        def alive():
            return [pid for pid, entry in processes().items() if name in entry[3] and is_alive(pid)]

        wait_until(lambda: len(alive()) > 14, what="all kinds of processes")

        def states():
            table = processes()
            return {table[pid][2].upper() for pid in alive() if pid in table}

        wait_until(lambda: {"T", "D", "S"} <= states(), what="all kinds of states")
        os.kill(kernel.pid, signal.SIGKILL)
        wait_until(lambda: not alive(), what="everybody's end")
        kernel.text(kernel.output)
        kernel.text(output)
        wait_until(lambda: reap() == 0 and not is_alive(kernel.pid))
        kernel.close()


def test_a_nursery_that_was_stopped_goes_with_its_kernel(root):
    name = f"mark-{os.getpid()}"
    kernel = Kernel(root, ["/bin/escape", "dying", name])
    assert os.read(kernel.output, 6) == b"ready\n"
    (nursery,) = [pid for pid, entry in processes().items() if entry[0] == "ukernel-nursery" and entry[1] == kernel.pid]
    os.kill(nursery, signal.SIGSTOP)
    wait_until(lambda: processes()[nursery][2] == "T", what="a nursery that stands still")
    os.kill(kernel.pid, signal.SIGKILL)
    wait_until(lambda: not is_alive(nursery), what="the nursery's end")
    wait_until(lambda: not [p for p, e in processes().items() if name in e[3] and is_alive(p)], what="everybody's end")
    wait_until(lambda: reap() == 0 and not is_alive(kernel.pid))
    kernel.close()


def test_everything_dies_with_the_first_process(root):
    name = f"mark-{os.getpid()}"
    kernel = Kernel(root, ["/bin/escape", "dying", name])
    assert os.read(kernel.output, 6) == b"ready\n"
    kernel.signal(signal.SIGKILL)
    kernel.finish()
    wait_until(lambda: not [p for p, e in processes().items() if name in e[3] and is_alive(p)], what="everybody's end")
    reap()


def test_processes_that_die_in_the_middle_of_a_call_leave_nothing(root):
    kernel = Kernel(root, ["/bin/escape", "midway", "64"])
    folder = pathlib.Path(f"/proc/{kernel.pid}/fd")

    def resources():
        status = pathlib.Path(f"/proc/{kernel.pid}/status").read_text()
        return len(os.listdir(folder)), int(status.split("Threads:")[1].split()[0])

    def run(count):
        answer, output = kernel.execute(["/bin/escape", "midway", str(count)], adopt=True)
        text = os.read(output, 100)
        assert text == b"done 0\n", text
        os.kill(answer[1], signal.SIGKILL)
        kernel.wait(answer)
        os.close(output)

    assert os.read(kernel.output, 100) == b"done 0\n"
    time.sleep(0.3)
    before = resources()
    for _ in range(3):
        run(100)
    wait_until(lambda: resources()[0] <= before[0] + 3 and resources()[1] <= before[1],
               what=f"{before} descriptors and threads")
    kernel.signal(signal.SIGKILL)
    kernel.finish()
