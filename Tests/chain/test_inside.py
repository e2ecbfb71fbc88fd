"""What processes answer by themselves, from the table that the kernel shares with them."""
import os
import pathlib
import select
import shutil
import signal
import time

import pytest

from kernel_driver import Kernel, compile_static


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """A static program with call sites of the form that C libraries have."""
    return compile_static("inside_torture.c", tmp_path_factory.mktemp("inside") / "torture")


@pytest.fixture
def place(tmp_path, program):
    """A layer with all kinds of names below a writable folder with a few."""
    tmp_path.chmod(0o755)
    layer, upper = tmp_path / "layer", tmp_path / "upper"
    for folder in ("bin", "etc", "tmp", "etc/folder", "etc/closed"):
        (layer / folder).mkdir(parents=True)
    for name in ("etc/upfolder", "etc"):
        (upper / name).mkdir(parents=True, exist_ok=True)
    shutil.copy("/bin/busybox", layer / "bin/busybox")
    shutil.copy(program, layer / "torture")
    (layer / "bin/sh").symlink_to("busybox")
    long = "this-one-is-there-and-longer-than-what-an-entry-of-the-table-has-room-for-and-so-on"
    for name, mode in (("name", 0o644), ("folder/name", 0o444), ("secret", 0o600), ("closed/x", 0o644),
                       ("program", 0o755), (long, 0o644)):
        path = layer / "etc" / name
        path.write_text(name)
        path.chmod(mode)
    (layer / "etc/closed").chmod(0o700)
    (layer / "etc/many").mkdir()
    for number in range(40):
        (layer / f"etc/many/f{number:02}").write_text(f"f{number:02}")
    for tree in ("etc/tree", "etc/tree2"):
        for number in range(12):
            folder = layer / tree / f"d{number:02}"
            for inner in ("deep", "deep/est", "closed"):
                (folder / inner).mkdir(parents=True)
            for name in ("file", "other", "deep/file", "deep/est/file", "closed/file"):
                (folder / name).write_text(pathlib.Path(name).name)
            (folder / "other").chmod(0o600)
            (folder / "link").symlink_to("deep")
            (folder / "closed").chmod(0o700)
    for name, target in (("link", "name"), ("absolute", "/etc/name"), ("folderlink", "folder"), ("loop", "loop"),
                         ("chain1", "chain2"), ("chain2", "chain3"), ("chain3", "../etc/name"), ("broken", "no")):
        (layer / "etc" / name).symlink_to(target)
    return upper, layer


def run(place, *arguments):
    upper, layer = place
    return Kernel(upper, ["/torture", *arguments], layers=[layer])


@pytest.mark.parametrize("what", ["equal", "changes", "signals", "early", "births", "threads", "faults", "filtered",
                                  "files", "writes", "made", "walks", "again", "ids", "devices"])
def test_answers_inside_are_the_kernels_own(place, what):
    assert run(place, what).finish() == (0, "done\n")


def test_a_change_is_seen_as_soon_as_it_is_made(place):
    assert run(place, "races").finish() == (0, "looked often\ndone\n")


def test_nothing_beyond_the_program_is_reached_through_what_lies_in_it(place, tmp_path):
    (tmp_path / "outside").write_text("secret")
    assert run(place, "hostile", str(tmp_path / "outside")).finish() == (0, "done\n")


def test_answers_need_no_kernel(place):
    kernel = run(place, "endless")
    os.kill(kernel.pid, signal.SIGSTOP)
    try:
        # What was under way when the kernel stopped may have needed it.
        deadline, lines = time.monotonic() + 200, 0
        os.set_blocking(kernel.output, False)
        while lines < 5:
            assert time.monotonic() < deadline, "no answers while the kernel is stopped"
            if select.select([kernel.output], [], [], 1)[0]:
                lines += os.read(kernel.output, 65536).count(b"\n")
            else:
                # Stopped too early: before the call sites were changed.
                os.kill(kernel.pid, signal.SIGCONT)
                time.sleep(0.2)
                os.kill(kernel.pid, signal.SIGSTOP)
    finally:
        os.kill(kernel.pid, signal.SIGCONT)
    os.set_blocking(kernel.output, True)
    kernel.signal(signal.SIGKILL)
    assert kernel.finish()[0] == -signal.SIGKILL


def test_it_can_be_switched_off(place, monkeypatch):
    monkeypatch.setenv("UKERNEL_INSIDE", "0")
    code, output = run(place, "equal").finish()
    assert code == 1 and output == "FAILED call site 0 was not changed\n"
