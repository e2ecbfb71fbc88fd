"""On which processors processes run: this kernel moves them for a moment while it hands descriptors over, and nobody sees it."""
import os

import pytest

from kernel_driver import Kernel
from test_escape import debian, root  # noqa: F401: fixtures

WATCH = """
import ctypes, os, subprocess, threading
mine = {wanted}
os.sched_setaffinity(0, mine)
main, over, seen = threading.get_native_id(), threading.Event(), []
def watch():
    while not over.is_set():
        if os.sched_getaffinity(main) != mine: seen.append(os.sched_getaffinity(main))
watcher = threading.Thread(target=watch)
watcher.start()
for i in range(3000):
    os.close(os.open("/tmp/%d" % i, os.O_CREAT | os.O_WRONLY))
    if os.sched_getaffinity(0) != mine: seen.append(os.sched_getaffinity(0))
over.set()
watcher.join()
for i in range(50):
    text = subprocess.run(["python3", "-Sc", "import os; print(os.sched_getaffinity(0))"], capture_output=True, text=True).stdout
    if eval(text) != mine: seen.append(text)
print(seen)
"""


@pytest.mark.parametrize("wanted", [os.sched_getaffinity(0), {min(os.sched_getaffinity(0))}])
def test_a_process_keeps_its_processors(debian, wanted):
    assert Kernel(debian, ["python3", "-Sc", WATCH.format(wanted=wanted)]).finish() == (0, "[]\n")


SET = """
import os, threading
both = os.sched_getaffinity(0)
main, over = threading.get_native_id(), threading.Event()
def work():
    i = 0
    while not over.is_set():
        os.close(os.open("/tmp/%d" % (i % 100), os.O_CREAT | os.O_WRONLY))
        i += 1
worker = threading.Thread(target=work)
worker.start()
lost = 0
for i in range(2000):
    wanted = {min(both)} if i % 2 else both
    os.sched_setaffinity(worker.native_id, wanted)
    lost += os.sched_getaffinity(worker.native_id) != wanted
over.set()
worker.join()
print(lost)
"""


def test_what_another_thread_sets_meanwhile_holds(debian):
    assert Kernel(debian, ["python3", "-Sc", SET]).finish() == (0, "0\n")
