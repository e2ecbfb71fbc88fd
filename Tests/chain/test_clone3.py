"""clone3(2), which the caller does as clone(2): the host's own answers are the judge.

The filter that stands for an engine's answers clone3(2) with ENOSYS, so these run without it.
"""
import shutil
import subprocess

import pytest

from kernel_driver import Kernel, compile_static
from test_escape import debian, escape, root  # noqa: F401: fixtures

pytestmark = pytest.mark.unrefused


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return compile_static("clone3.c", tmp_path_factory.mktemp("clone3") / "clone3")


@pytest.fixture
def inside(root, program):
    """Runs it inside: (exit code, output)."""
    shutil.copy(program, root / "clone3")
    return lambda what, **options: Kernel(root, ["/clone3", what], **options).finish()


@pytest.mark.parametrize("what", ["registers", "flags", "refusals", "threads"])
def test_it_does_what_the_host_does(inside, program, what):
    native = subprocess.run([program, what], capture_output=True, text=True)
    assert native.returncode == 0, native.stdout
    assert inside(what) == (0, native.stdout)


def test_namespaces_and_chosen_numbers_are_not_to_be_had(inside):
    code, output = inside("namespaces")
    assert code == 0
    lines = output.splitlines()
    assert len(lines) == 10 and all(line.endswith(": Operation not permitted") for line in lines), output


def test_flags_that_change_while_they_are_looked_at_lead_into_no_namespace(inside):
    assert inside("races") == (0, "no namespace\n")


def test_processes_are_counted(inside):
    assert inside("limit", pids=4) == (0, "3 threads, then: Resource temporarily unavailable\n")


def test_a_traced_caller_takes_clone(debian):
    """It cannot be stopped a second time."""
    program = "import threading; t = threading.Thread(target=print, args=('hello',)); t.start(); t.join()"
    code, output = Kernel(debian, ["strace", "-f", "-e", "trace=clone,clone3", "python3", "-c", program]).finish()
    assert code == 0 and "hello\n" in output
    assert "clone3(" in output and "ENOSYS" in output and "clone(" in output


def test_the_c_library_uses_it(debian):
    program = r"""
import ctypes, os, subprocess, threading
libc = ctypes.CDLL(None, use_errno=True)
print(libc.syscall(435, 0, 0), os.strerror(ctypes.get_errno()))
def work(): print(subprocess.run(["echo", "from a child"], capture_output=True, text=True).stdout, end="")
for _ in range(5):
    t = threading.Thread(target=work); t.start(); t.join()
os.waitpid(os.posix_spawn("/bin/echo", ["echo", "spawned"], os.environ), 0)
"""
    assert Kernel(debian, ["python3", "-uc", program]).finish() == (
        0, "-1 Invalid argument\n" + "from a child\n" * 5 + "spawned\n")
