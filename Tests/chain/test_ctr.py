"""Debian's unmodified ctr 1.6 against ukmanager: what it shows, what it does, and the errors it knows."""
import hashlib
import io
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tarfile
import tempfile

import pytest

from conftest import BASE_IMAGE, BIN, Chain, wait_until

IMAGE = "docker.io/library/runu-base:latest"
RUNTIME = "io.containerd.runu.v2"

pytestmark = pytest.mark.skipif(shutil.which("ctr") is None, reason="ctr is not installed")


@pytest.fixture(scope="module")
def manager():
    """A ukmanager of the module's own, with the base image imported by ctr."""
    folder = tempfile.mkdtemp(prefix="uk-", dir="/tmp")
    chain = Chain(folder)
    try:
        chain.start("ukmanager")
        (chain.folder / "ukd.log").touch()
        chain.ctr("images", "import", BASE_IMAGE)
        yield chain
    finally:
        for line in chain.ctr("tasks", "ls", "-q", check=False).stdout.split():
            chain.ctr("tasks", "rm", "-f", line, check=False)
        chain.stop()
        chain.kill_rest()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def name(name):
    """An identifier: it does not end with a dash."""
    return name.strip("-")


@pytest.fixture
def container(manager, name):
    """A container that sleeps; made by ukctr, since `ctr containers create` mounts the image to read its users."""
    manager.ukctr("containers", "create", "--runtime", RUNTIME, IMAGE, name, "sleep", "1000")
    yield name
    manager.ctr("tasks", "rm", "-f", name, check=False)
    manager.ctr("containers", "rm", name, check=False)


def fifos(manager):
    return ["--fifo-dir", manager.folder / "fifos"]


def start(manager, container):
    manager.ctr("tasks", "start", "-d", *fifos(manager), container)


def execute(manager, container, *command, id="e", check=True):
    return manager.ctr("tasks", "exec", *fifos(manager), "--exec-id", id, container, *command, check=check)


def state(manager, container):
    found = re.search(rf"^{container}\s+\d+\s+(\w+)", manager.ctr("tasks", "ls").stdout, re.M)
    return found and found[1]


# What there is


def test_version_and_plugins(manager):
    assert "UUID:" in manager.ctr("version").stdout
    plugins = manager.ctr("plugins", "ls").stdout
    for name in ("overlayfs", "native", "walking", "tasks"):
        assert re.search(rf"\s{name}\s.*ok", plugins)
    assert manager.ctr("plugins", "ls", "id==overlayfs").stdout.count("snapshotter") == 1


def program_image(path, files):
    """A docker archive of one layer; its files belong to who runs the tests, as Debian's ctr gives them away."""
    def add(archive, name, data, mode=0o644):
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode, entry.uid, entry.gid = len(data), mode, os.getuid(), os.getgid()
        archive.addfile(entry, io.BytesIO(data))

    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as archive:
        for name, text in files.items():
            add(archive, name, text.encode(), 0o755)
    digest = hashlib.sha256(layer.getvalue()).hexdigest()
    config = {"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]}}
    with tarfile.open(path, "w") as archive:
        add(archive, "config.json", json.dumps(config).encode())
        add(archive, "layer.tar", layer.getvalue())
        add(archive, "manifest.json", json.dumps(
            [{"Config": "config.json", "RepoTags": ["tools:1"], "Layers": ["layer.tar"]}]).encode())


@pytest.mark.parametrize("client", ["ctr", "ukctr"])
def test_programs_are_installed_from_an_image_and_found(manager, tmp_path, client):
    run = getattr(manager, client)
    tools = "docker.io/library/tools:1"
    shim = f"#!/bin/sh\nexec {BIN}/containerd-shim-runu-v2 \"$@\"\n"
    program_image(tmp_path / "tools.tar", {
        f"bin/containerd-shim-{client}-v2": shim, f"lib/{client}.so": "x", "etc/passwd": "x", "bin/deep/er": "x"})
    manager.ctr("images", "import", tmp_path / "tools.tar")
    opt = manager.folder / "data/ukontainer/manager/opt"
    assert re.search(r"io\.containerd\.internal\.v1\s+opt\s.*ok", manager.ctr("plugins", "ls").stdout)
    run("install", tools)
    assert sorted(p.name for p in opt.rglob("*") if client in p.name or "er" == p.name) == [f"containerd-shim-{client}-v2"]
    result = run("install", tools, check=False)
    assert result.returncode == 1 and f"cannot replace bin/containerd-shim-{client}-v2 in {opt}" in result.stderr
    run("install", "--replace", "--libs", tools)
    assert (opt / f"lib/{client}.so").read_text() == "x"
    (tmp_path / "other").mkdir()
    run("install", "--path", tmp_path / "other", tools)
    assert [p.name for p in (tmp_path / "other/bin").iterdir()] == [f"containerd-shim-{client}-v2"]
    # The manager finds it.
    assert manager.ukctr("run", "--rm", "--runtime", f"io.containerd.{client}.v2", IMAGE, f"by-{client}", "echo", "hello").stdout == "hello\n"
    manager.ctr("images", "rm", "--sync", tools)


def test_the_server_keeps_its_uuid(manager):
    uuid = re.search(r"UUID: (\S+)", manager.ctr("version").stdout)[1]
    manager.kill("ukmanager")
    manager.start("ukmanager")
    assert uuid in manager.ctr("version").stdout


def test_images(manager):
    listed = manager.ctr("images", "ls").stdout
    assert IMAGE in listed and "linux/amd64" in listed
    assert manager.ctr("images", "ls", "-q", "name~=runu").stdout.strip() == IMAGE
    assert manager.ctr("images", "ls", "-q", "name==other").stdout == ""
    assert "complete" in manager.ctr("images", "check").stdout
    manager.ctr("images", "tag", IMAGE, "copy:1")
    assert "already exists" in manager.ctr("images", "tag", IMAGE, "copy:1", check=False).stderr
    manager.ctr("images", "label", "copy:1", "colour=red")
    assert manager.ctr("images", "ls", "-q", "labels.colour==red").stdout.strip() == "copy:1"
    manager.ctr("images", "rm", "--sync", "copy:1")
    assert "copy:1: image not found" in manager.ctr("images", "rm", "copy:1", check=False).stderr
    assert 'image "copy:1": not found' in manager.ctr("images", "label", "copy:1", "a=b", check=False).stderr


def test_an_image_goes_out_as_it_came_in(manager, tmp_path):
    manager.ctr("images", "export", tmp_path / "out.tar", IMAGE)
    digest = re.search(r"sha256:\w+", manager.ctr("images", "ls").stdout)[0]
    manager.ctr("images", "import", tmp_path / "out.tar", namespace="elsewhere")
    assert digest in manager.ctr("images", "ls", namespace="elsewhere").stdout
    manager.ctr("images", "rm", "--sync", IMAGE, namespace="elsewhere")
    manager.ctr("namespaces", "rm", "elsewhere")


def test_an_image_that_goes_takes_its_content_and_snapshots_along(manager):
    manager.ctr("images", "import", BASE_IMAGE, namespace="passing")
    assert manager.ctr("content", "ls", "-q", namespace="passing").stdout
    assert manager.ctr("snapshots", "ls", namespace="passing").stdout.count("\n") > 1
    manager.ctr("images", "rm", "--sync", IMAGE, namespace="passing")
    assert manager.ctr("content", "ls", "-q", namespace="passing").stdout == ""
    assert manager.ctr("snapshots", "ls", namespace="passing").stdout.count("\n") == 1
    manager.ctr("namespaces", "rm", "passing")
    # The other namespace has the same blobs, and keeps them.
    assert "complete" in manager.ctr("images", "check").stdout


def test_namespaces(manager):
    manager.ctr("namespaces", "create", "blue", "colour=blue")
    assert re.search(r"blue\s+colour=blue", manager.ctr("namespaces", "ls").stdout)
    assert "already exists" in manager.ctr("namespaces", "create", "blue", check=False).stderr
    manager.ctr("namespaces", "label", "blue", "colour=navy")
    assert "colour=navy" in manager.ctr("namespaces", "ls").stdout
    manager.ctr("namespaces", "rm", "blue")
    assert "must be empty, but it still has images, blobs" in manager.ctr("namespaces", "rm", "default", check=False).stderr
    assert "invalid argument" in manager.ctr("namespaces", "create", "a/b", check=False).stderr


def test_leases(manager):
    manager.ctr("leases", "create", "--id", "mine", "a=b")
    assert re.search(r"mine\s.*a=b", manager.ctr("leases", "ls").stdout)
    assert manager.ctr("leases", "ls", "-q", "id==mine").stdout.strip() == "mine"
    assert "already exists" in manager.ctr("leases", "create", "--id", "mine", check=False).stderr
    manager.ctr("leases", "rm", "--sync", "mine")
    assert "not found" in manager.ctr("leases", "rm", "mine", check=False).stderr


# Content


def test_content_comes_back_as_it_was_written(manager):
    data = "some bytes\n" * 200_000
    digest = "sha256:" + hashlib.sha256(data.encode()).hexdigest()
    manager.ctr("content", "ingest", "--expected-digest", digest, "a-ref", input=data)
    assert manager.ctr("content", "get", digest).stdout == data
    again = manager.ctr("content", "ingest", "--expected-digest", digest, "b-ref", input=data, check=False)
    assert again.returncode == 0 or "already exists" in again.stderr
    manager.ctr("content", "label", digest, "k=v")
    assert "k=v" in manager.ctr("content", "ls").stdout
    manager.ctr("content", "rm", digest)
    assert f"content digest {digest}: not found" in manager.ctr("content", "get", digest, check=False).stderr


def test_content_of_another_digest_or_size_is_refused(manager):
    wrong = "sha256:" + "0" * 64
    result = manager.ctr("content", "ingest", "--expected-digest", wrong, "c-ref", input="x", check=False)
    assert f"unexpected commit digest sha256:{hashlib.sha256(b'x').hexdigest()}, expected {wrong}" in result.stderr
    result = manager.ctr("content", "ingest", "--expected-size", "7", "d-ref", input="x", check=False)
    assert result.returncode != 0
    assert "not found" in manager.ctr("content", "get", wrong, check=False).stderr
    assert "invalid" in manager.ctr("content", "get", "sha256:zz", check=False).stderr


def test_an_interrupted_write_is_shown_and_goes_on(manager):
    process = subprocess.Popen(
        ["ctr", "-a", str(manager.manager_socket), "content", "ingest", "slow-ref"], env=manager.env,
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    process.stdin.write(b"y" * (3 << 20))
    process.stdin.flush()
    wait_until(lambda: "slow-ref" in manager.ctr("content", "active").stdout, what="an active write")
    process.kill()
    process.wait()
    # What was written survives the writer, and the manager.
    manager.kill("ukmanager")
    manager.start("ukmanager")
    assert "slow-ref" in manager.ctr("content", "active").stdout


# Snapshots


def test_snapshots(manager, name):
    parent = re.search(r"sha256:\w+", manager.ctr("snapshots", "ls").stdout)[0]
    manager.ctr("snapshots", "prepare", name, parent)
    shown = manager.ctr("snapshots", "mounts", "/at", name).stdout
    assert re.search(r"mount -t overlay overlay /at -o workdir=\S+/work,upperdir=\S+/fs,lowerdir=\S+/fs", shown)
    assert "already exists" in manager.ctr("snapshots", "prepare", name, parent, check=False).stderr
    refused = manager.ctr("snapshots", "rm", parent, check=False).stderr
    assert "cannot remove snapshot with child: failed precondition" in refused
    manager.ctr("snapshots", "view", name + "-view", parent)
    assert re.search(r"-t bind \S+/fs /at -o ro,rbind", manager.ctr("snapshots", "mounts", "/at", name + "-view").stdout)
    manager.ctr("snapshots", "commit", name + "-done", name)
    assert re.search(rf"{name}-done\s+{parent}\s+Committed", manager.ctr("snapshots", "ls").stdout)
    assert name + "-done" in manager.ctr("snapshots", "usage").stdout
    assert "does not exist" in manager.ctr("snapshots", "info", name, check=False).stderr
    assert "invalid argument" in manager.ctr("snapshots", "--snapshotter", "zfs", "ls", check=False).stderr
    for key in (name + "-done", name + "-view"):
        manager.ctr("snapshots", "rm", key)


def test_the_difference_of_a_snapshot_is_a_layer(manager, name, tmp_path):
    parent = re.search(r"sha256:\w+", manager.ctr("snapshots", "ls").stdout)[0]
    manager.ctr("snapshots", "prepare", name, parent)
    upper = re.search(r"upperdir=([^,\s]+)", manager.ctr("snapshots", "mounts", "/at", name).stdout)[1]
    pathlib.Path(upper, "new").write_text("content")
    pathlib.Path(upper, ".wh.bin").touch()
    result = subprocess.run(
        ["ctr", "-a", str(manager.manager_socket), "snapshots", "diff", "--media-type",
         "application/vnd.oci.image.layer.v1.tar", name], env=manager.env, capture_output=True, timeout=200)
    assert result.returncode == 0, result.stderr
    (tmp_path / "layer.tar").write_bytes(result.stdout)
    listed = subprocess.run(["tar", "-tf", tmp_path / "layer.tar"], capture_output=True, text=True, check=True).stdout
    assert listed.split() == [".wh.bin", "new"]
    manager.ctr("snapshots", "rm", name)


# Containers and tasks


def test_containers(manager, container):
    assert re.search(rf"{container}\s+{IMAGE}\s+{RUNTIME}", manager.ctr("containers", "ls").stdout)
    assert f'"ID": "{container}"' in manager.ctr("containers", "info", container).stdout
    manager.ctr("containers", "label", container, "k=v")
    assert manager.ctr("containers", "ls", "-q", f'labels."k"==v,id=={container}').stdout.strip() == container
    missing = manager.ctr("containers", "info", "nobody", check=False).stderr
    assert 'container "nobody" in namespace "default": not found' in missing
    manager.ctr("containers", "rm", container)
    assert container not in manager.ctr("containers", "ls").stdout
    wait_until(lambda: container not in manager.ctr("snapshots", "ls").stdout, what="the snapshot's end")


def test_a_task_from_start_to_delete(manager, container):
    start(manager, container)
    assert state(manager, container) == "RUNNING"
    assert "already exists" in manager.ctr("tasks", "start", "-d", *fifos(manager), container, check=False).stderr
    assert "ukernel" in execute(manager, container, "uname", "-a").stdout
    assert execute(manager, container, "sh", "-c", "exit 7", check=False).returncode == 7
    pid = re.search(rf"{container}\s+(\d+)", manager.ctr("tasks", "ls").stdout)[1]
    assert pid in manager.ctr("tasks", "ps", container).stdout
    assert "pids.current" in manager.ctr("tasks", "metrics", container).stdout
    running = manager.ctr("tasks", "delete", container, check=False)
    assert running.returncode != 0 and "failed precondition" in running.stderr
    manager.ctr("tasks", "kill", "-s", "SIGTERM", container)
    manager.ctr("tasks", "kill", "-s", "SIGKILL", container, check=False)
    wait_until(lambda: state(manager, container) == "STOPPED", what="the task's end")
    manager.ctr("tasks", "delete", container, check=False)
    assert state(manager, container) is None
    assert f"task {container} not found: not found" in manager.ctr("tasks", "ps", container, check=False).stderr
    manager.assert_clean()


def test_events_are_told_in_order(manager, name):
    with open(manager.folder / "events.log", "w") as log:
        watcher = subprocess.Popen(
            ["ctr", "-a", str(manager.manager_socket), "events"], env=manager.env, stdout=log, stderr=log)
    try:
        def is_listening():
            manager.ukctr("images", "tag", "--force", IMAGE, "docker.io/library/mark:1")
            return "/images/" in (manager.folder / "events.log").read_text()

        wait_until(is_listening, what="the first event")
        manager.ukctr("images", "rm", "docker.io/library/mark:1")
        manager.ukctr("run", "--rm", "--runtime", RUNTIME, IMAGE, name, "true")
        topics = ["/snapshot/prepare", "/containers/create", "/tasks/create", "/tasks/start", "/tasks/exit",
                  "/tasks/delete"]

        def told():
            text = (manager.folder / "events.log").read_text()
            return [t for t in re.findall(r"default (/\S+)", text) if t in topics]

        wait_until(lambda: len(told()) == len(topics), what="all events")
        assert told() == topics
    finally:
        watcher.kill()
        watcher.wait()


def test_a_runtime_that_is_not_there_is_named_and_leaves_nothing(manager, name):
    manager.ukctr("containers", "create", "--runtime", "io.containerd.nosuch.v9", IMAGE, name, "true")
    result = manager.ctr("tasks", "start", "-d", *fifos(manager), name, check=False)
    assert 'runtime "io.containerd.nosuch.v9" binary not installed "containerd-shim-nosuch-v9"' in result.stderr
    manager.ctr("containers", "rm", name)
    manager.assert_clean()


def test_a_command_that_is_not_there_is_named_and_leaves_nothing(manager, name):
    manager.ukctr("containers", "create", "--runtime", RUNTIME, IMAGE, name, "no-such-command")
    result = manager.ctr("tasks", "start", "-d", *fifos(manager), name, check=False)
    assert re.search('OCI runtime (create|start) failed.*"no-such-command": executable file not found', result.stderr)
    manager.ctr("tasks", "rm", "-f", name, check=False)
    manager.ctr("containers", "rm", name)
    manager.assert_clean()


# Who outlives whom


@pytest.mark.parametrize("round", range(5))
def test_tasks_survive_kill_9_of_the_manager(manager, container, round):
    start(manager, container)
    manager.kill("ukmanager")
    manager.start("ukmanager")
    assert state(manager, container) == "RUNNING"
    assert execute(manager, container, "echo", "inside").stdout == "inside\n"
    manager.ctr("tasks", "kill", "-s", "SIGKILL", container)
    wait_until(lambda: state(manager, container) == "STOPPED", what="the task's end")
    assert manager.ctr("tasks", "delete", container, check=False).returncode in (0, 137)
    manager.assert_clean()


def test_a_shim_that_is_killed_is_cleaned_up_after(manager, container):
    start(manager, container)
    shims = [pid for pid, entry in manager.mine().items() if entry[0].startswith("containerd-shim")]
    assert len(shims) == 1
    os.kill(shims[0], signal.SIGKILL)
    wait_until(lambda: state(manager, container) is None, what="the end of the task")
    manager.assert_clean()
    start(manager, container)
    assert state(manager, container) == "RUNNING"


def test_a_shim_that_hangs_holds_nobody_else_up(manager, container):
    start(manager, container)
    [shim] = [pid for pid, entry in manager.mine().items() if entry[0].startswith("containerd-shim")]
    os.kill(shim, signal.SIGSTOP)
    try:
        assert state(manager, container) == "UNKNOWN"
        assert "UUID" in manager.ctr("version").stdout
    finally:
        os.kill(shim, signal.SIGCONT)
    wait_until(lambda: state(manager, container) == "RUNNING", what="the shim's answer")


def test_a_shim_that_dies_with_the_manager_is_cleaned_up_at_the_next_start(manager, container):
    start(manager, container)
    manager.kill("ukmanager")
    for pid, entry in manager.mine().items():
        if entry[0].startswith("containerd-shim"):
            os.kill(pid, signal.SIGKILL)
    manager.start("ukmanager")
    wait_until(lambda: state(manager, container) is None, what="the end of the task")
    manager.assert_clean()


def test_a_second_manager_on_the_same_root_refuses(manager):
    result = manager.run(BIN / "ukmanager", "--address", manager.folder / "other.sock", check=False)
    assert result.returncode == 1
    assert "is in use by another ukmanager" in result.stderr
    manager.ctr("tasks", "ls")


def test_sigterm_ends_the_manager_and_its_sockets(manager):
    manager.kill("ukmanager", signal.SIGTERM)
    assert not manager.manager_socket.exists()
    assert not pathlib.Path(f"{manager.manager_socket}.ttrpc").exists()
    manager.start("ukmanager")
    assert oct(manager.manager_socket.stat().st_mode & 0o777) == "0o600"


def manager_of(user):
    """A chain whose ukmanager runs as `user`, started by root."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="uk-", dir="/tmp"))
    chain = Chain(folder)
    for path in (folder, *folder.iterdir()):
        os.chown(path, user, user)
    (folder / "ukd.log").touch()
    with open(folder / "ukmanager.log", "ab") as log:
        chain.daemons["ukmanager"] = subprocess.Popen(
            [BIN / "ukmanager"], env=chain.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, user=user,
            group=user, extra_groups=[])
    wait_until(lambda: chain.listens(chain.manager_socket), what="ukmanager's socket")
    chain.ctr("images", "import", BASE_IMAGE)
    return chain


@pytest.mark.root
@pytest.mark.parametrize("user,stdio", [(0, []), (65534, ["--null-io"])], ids=["root", "nobody"])
def test_ctr_run(name, user, stdio):
    """`ctr run` mounts the image in the client to look users up, so it needs root, and its fifos are root's; manager and
    container need nothing of that."""
    chain = manager_of(user)
    try:
        result = chain.ctr(
            "run", "--rm", *stdio, "--runtime", RUNTIME, IMAGE, name, "sh", "-c", "id -u; uname -a; exit 5", check=False)
        assert result.returncode == 5, result.stderr
        if not stdio:
            assert result.stdout.startswith("0\n") and "ukernel" in result.stdout
        chain.assert_clean()
    finally:
        chain.stop()
        shutil.rmtree(chain.folder, ignore_errors=True)
