"""Debian's podman and buildah, as root, with runu for their runtime through deploy/podman/containers.conf."""
import json
import os
import shutil

import pytest
from conftest import BASE_IMAGE, BIN, wait_until
from engines import Place, snippet

pytestmark = pytest.mark.root


class Podman(Place):
    """podman and buildah with a store of their own."""

    def __enter__(self):
        self.env["CONTAINERS_CONF"] = str(self.write("containers.conf", snippet("podman/containers.conf")))
        # A host without systemd has no cgroup manager of that name and no journal.
        self.store = (
            "--root", self.path("root"), "--runroot", self.path("run"), "--storage-driver", "vfs")
        try:
            self.podman("load", "-i", BASE_IMAGE)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.podman("rm", "-af", "-t", "0", check=False)
        super().__exit__()

    def command(self, *arguments):
        return (
            "/usr/bin/podman", *self.store, "--tmpdir", self.path("tmp"), "--cgroup-manager", "cgroupfs",
            "--events-backend", "file", *arguments)

    def podman(self, *arguments, **options):
        return self.run(*self.command(*arguments), **options)

    def buildah(self, *arguments, **options):
        return self.run("/usr/bin/buildah", *self.store, *arguments, **options)


@pytest.fixture(scope="module")
def podman():
    if not shutil.which("podman"):
        pytest.skip("wants Debian's podman")
    with Podman() as podman:
        yield podman


RUN = ("run", "--network", "none")


def test_podman_runs_and_reports_as_with_runc(podman):
    result = podman.podman(*RUN, "--rm", "runu-base", "sh", "-c", "uname -a; echo e >&2; exit 7", check=False)
    assert "ukernel" in result.stdout
    assert (result.stderr, result.returncode) == ("e\n", 7)
    assert podman.podman(*RUN, "--rm", "-i", "runu-base", "cat", input="through\n").stdout == "through\n"
    result = podman.podman(*RUN, "--rm", "runu-base", "nope", check=False)
    assert "not found" in result.stderr and result.returncode == 127
    result = podman.podman(*RUN, "--rm", "runu-base", "/etc/passwd", check=False)
    assert "permission denied" in result.stderr and result.returncode == 126


def test_podman_runs_without_cgroups(podman):
    assert podman.podman(*RUN, "--rm", "--cgroups", "disabled", "runu-base", "echo", "x").stdout == "x\n"


def test_podman_execs_follows_pauses_and_stops(podman, name):
    podman.podman(
        *RUN, "-d", "--name", name, "runu-base", "sh", "-c", 'trap "exit 3" TERM; echo up; while :; do sleep 0.1; done')
    wait_until(lambda: podman.podman("logs", name).stdout == "up\n", what="the container's first line")
    result = podman.podman("exec", name, "sh", "-c", "echo in; exit 4", check=False)
    assert (result.stdout, result.returncode) == ("in\n", 4)
    assert podman.podman("exec", "-i", name, "cat", input="x").stdout == "x"
    output, code = podman.terminal(*podman.command("exec", "-it", name, "sh", "-c", "tty; exit 5"))
    assert "/dev/pts/" in output and code == 5
    assert podman.podman("exec", name, "nope", check=False).returncode == 127
    podman.podman("pause", name)
    assert "aused" in podman.podman("ps", "-a").stdout
    podman.podman("unpause", name)
    podman.podman("stop", "-t", "10", name)
    assert json.loads(podman.podman("inspect", name).stdout)[0]["State"]["ExitCode"] == 3
    podman.podman("start", name)
    podman.podman("kill", name)
    assert podman.podman("wait", name).stdout == "137\n"
    podman.podman("rm", name)


def test_podman_gives_terminals_volumes_and_users(podman):
    output, code = podman.terminal(*podman.command(
        *RUN, "--rm", "-it", "runu-base", "sh", "-c", "tty; until stty size | grep -q 31.97; do sleep 0.1; done; stty size; exit 6"))
    assert "/dev/pts/" in output and "31 97" in output and code == 6
    podman.write("shared/file", "of the host\n")
    result = podman.podman(
        *RUN, "--rm", "-v", f"{podman.path('shared')}:/mnt:ro", "-e", "A=b", "-w", "/tmp", "-u", "1000:50",
        "runu-base", "sh", "-c", "cat /mnt/file; echo $A; pwd; id -u; id -g; touch /mnt/x || echo refused")
    assert result.stdout.split("\n")[:-1] == ["of the host", "b", "/tmp", "1000", "50", "refused"]


def test_buildah_runs_and_builds(podman):
    if not shutil.which("buildah"):
        pytest.skip("wants Debian's buildah")
    options = ("--isolation", "oci", "--runtime", BIN / "runu", "--network", "none")
    container = podman.buildah("from", "runu-base").stdout.strip()
    assert "ukernel" in podman.buildah("run", *options, container, "uname", "-a").stdout
    result = podman.buildah("run", *options, container, "sh", "-c", "echo made > /made; exit 3", check=False)
    assert result.returncode == 3
    assert podman.buildah("run", *options, container, "cat", "/made").stdout == "made\n"
    podman.buildah("rm", container)
    file = podman.write("Containerfile", "FROM runu-base\nRUN uname -a > /built\nCMD [\"cat\", \"/built\"]\n")
    podman.buildah("bud", *options, "-t", "built", "-f", file, podman.folder)
    assert "ukernel" in podman.podman(*RUN, "--rm", "built").stdout


def test_what_a_container_makes_has_its_owners_and_modes_for_others_too(podman):
    if not shutil.which("buildah"):
        pytest.skip("wants Debian's buildah")
    container = podman.buildah("from", "runu-base").stdout.strip()
    podman.buildah(
        "run", "--isolation", "oci", "--runtime", BIN / "runu", "--network", "none", container, "sh", "-c",
        "echo x > /f && chown 1000:50 /f && chmod 4755 /f && mkdir /d && chgrp 50 /d && chmod 3777 /d && "
        "ln -s f /l && chown -h 7 /l && echo x > /d/g && echo y > /r && chmod 0400 /r && chown 5 /r && "
        "echo z >> /r && rm /etc/group")
    root = podman.path(podman.buildah("mount", container).stdout.strip())
    seen = {name: os.lstat(root / name) for name in ("f", "d", "l", "d/g", "r")}
    assert {name: (oct(one.st_mode), one.st_uid, one.st_gid) for name, one in seen.items()} == {
        "f": ("0o104755", 1000, 50), "d": ("0o43777", 0, 50), "l": ("0o120777", 7, 0), "d/g": ("0o100644", 0, 50),
        "r": ("0o100400", 5, 0)}
    assert not [n for folder in (root, root / "etc") for n in os.listdir(folder) if n.startswith(".wh")]
    again = podman.buildah(
        "run", "--isolation", "oci", "--runtime", BIN / "runu", "--network", "none", container, "sh", "-c",
        "stat -c '%a %u %g' /f /d /l /d/g /r")
    assert again.stdout.splitlines() == ["4755 1000 50", "3777 0 50", "777 7 0", "644 0 50", "400 5 0"]
    podman.buildah("rm", container)


def test_nothing_is_left(podman):
    podman.podman("rm", "-af", "-t", "0")
    assert not [c for c in podman.processes().values() if os.path.basename(c[0]) in ("conmon", "ukernel", "runu")]
    state = podman.path("r/ukontainer/runu")
    assert not state.exists() or not list(state.iterdir())
