#!/usr/bin/env python3
"""How long an image takes to come in: the chain beside docker.io and containerd.

Every round has daemons and data of its own on both sides, made before the clock starts, and both are timed in turn. Nothing
is removed before the end: ext4 is slow to give inodes out again that have just been freed. Theirs needs root; ours runs
as the ordinary user that --user names. Give it a folder of release builds: others prove nothing.

    Benchmarks/images.py --bin FOLDER [--rounds N] [--user UID] [--only NAME,...] [--place FOLDER] [--image TAR] [--layers N]

What is measured, from the client's start to its end:
    load       `uk load` and `docker load` of Debian's minimal system in one uncompressed layer (170 MB)
    pull       `uk pull` and containerd's `ctr images pull` (overlayfs, unpacked) of the same, gzip-compressed, from a registry
               on localhost: Debian's docker-registry, filled by skopeo
"""
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tarfile
import time

import common
import chain

# Ours, theirs, and how much of theirs ours may be (issue 4).
BARS = [("load", "docker load", 0.6), ("pull", "ctr pull", 0.7)]
TICK = os.sysconf("SC_CLK_TCK")


def make_image(path, tree, count):
    """Writes a Docker archive of a tree (a tar) in `count` layers of about the same size."""
    module = common.image_maker()
    layers = [tree.read_bytes()]
    if count > 1:
        layers = split(tree, path.parent, count)
    module.write_image(str(path), "bench:latest", layers, {"Env": [module.PATH], "Cmd": ["sh"]},
                       [f"layer {n}" for n in range(len(layers))])


def split(tree, folder, count):
    layers, share, taken = [], tree.stat().st_size / count, 0
    with tarfile.open(tree) as source:
        out = None
        for member in source:
            # A hard link stays with what it names.
            if out is None or (taken >= share and not member.islnk()):
                if out:
                    out.close()
                layers.append(folder / f"layer{len(layers)}.tar")
                out, taken = tarfile.open(layers[-1], "w"), 0
            out.addfile(member, source.extractfile(member) if member.isreg() else None)
            taken += member.size + 512
        out.close()
    return [layer.read_bytes() for layer in layers]


def cpu(pids):
    """Seconds of processor time that processes have used, those among their children that were waited for included."""
    total = 0
    for pid in pids:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += sum(int(fields[n]) for n in range(11, 15))
    return total / TICK


class Containerd:
    """A containerd of our own."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()

    def start(self):
        (self.folder / "config.toml").write_text(
            f'version = 2\nroot = "{self.folder}/root"\nstate = "{self.folder}/state"\n'
            f'[grpc]\naddress = "{self.folder}/c.sock"\n[ttrpc]\naddress = "{self.folder}/t.sock"\n'
            'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n')
        log = open(self.folder / "log", "wb")
        self.daemon = subprocess.Popen(["containerd", "-c", self.folder / "config.toml"], stdin=subprocess.DEVNULL,
                                       stdout=log, stderr=log, env={"PATH": chain.PATH})
        chain.wait_for(lambda: subprocess.run(self.command("version"), capture_output=True).returncode == 0, 30,
                       "an answer of containerd")
        return self

    def command(self, *arguments):
        return ["/usr/bin/ctr", "--address", f"{self.folder}/c.sock", *arguments]

    def pids(self):
        return [self.daemon.pid]

    def stop(self):
        self.daemon.terminate()
        self.daemon.wait(20)


class Registry:
    """Debian's docker-registry on a port of this machine, with one image in it."""

    def __init__(self, folder, image):
        (folder / "registry").mkdir()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        (folder / "registry.yml").write_text(
            f"version: 0.1\nlog:\n  level: error\n  accesslog:\n    disabled: true\n"
            f"storage:\n  filesystem:\n    rootdirectory: {folder}/registry\nhttp:\n  addr: 127.0.0.1:{self.port}\n")
        log = open(folder / "registry.log", "wb")
        self.server = subprocess.Popen(["docker-registry", "serve", folder / "registry.yml"], stdin=subprocess.DEVNULL,
                                       stdout=log, stderr=log)
        self.name = f"localhost:{self.port}/bench:latest"

        def push():
            return subprocess.run(["skopeo", "copy", "--quiet", "--dest-tls-verify=false", f"docker-archive:{image}",
                                   f"docker://{self.name}"], capture_output=True).returncode == 0

        chain.wait_for(push, 120, "the image in the registry")

    def stop(self):
        self.server.terminate()
        self.server.wait(20)


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.only = options.only
        self.times, self.cpu, self.notes = {}, {}, []
        self.theirs = os.geteuid() == 0
        if not self.theirs:
            self.notes.append("not root: docker.io and containerd are left out")

    def run(self):
        image = self.options.image or self.make()
        registry = Registry(self.folder, image) if "pull" in self.only else None
        try:
            for number in range(self.options.rounds):
                chain.say(f"round {number + 1} of {self.options.rounds}")
                if "load" in self.only:
                    self.ours("load", number, "load", "-q", "-i", str(image))
                    if self.theirs:
                        self.docker("docker load", number, image)
                if registry:
                    self.ours("pull", number, "pull", "-q", registry.name)
                    if self.theirs:
                        self.containerd("ctr pull", number, registry.name)
        finally:
            if registry:
                registry.stop()

    def make(self):
        tree = self.options.tree
        if not tree:
            tree = self.folder / "tree.tar"
            chain.say("making Debian's minimal system")
            subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", "bookworm", tree], check=True)
        image = self.folder / "image.tar"
        make_image(image, tree, self.options.layers)
        image.chmod(0o644)
        return image

    def ours(self, name, number, *arguments):
        place = self.folder / f"{name[0]}{number}"
        place.mkdir()
        side = chain.Ours(self.options.bin, place, self.options.user)
        side.start()
        try:
            self.time(name, side.command(*arguments), side.env, side.identity,
                      [daemon.pid for daemon in side.daemons.values()])
        finally:
            side.stop()

    def docker(self, name, number, image):
        place = self.folder / f"d{number}"
        place.mkdir()
        side = chain.Theirs(place)
        if not side.start():
            raise RuntimeError(f"dockerd does not start here: see {place}/dockerd.log")
        try:
            pids = [pid for what, pid in side.processes().items() if what in ("dockerd", "containerd")]
            self.time(name, side.command("load", "-q", "-i", str(image)), side.env, {}, pids)
            self.note(f"docker.io runs as {side.note}")
        finally:
            side.stop()

    def containerd(self, name, number, reference):
        side = Containerd(self.folder / f"c{number}")
        side.start()
        try:
            command = side.command("images", "pull", "--plain-http", "--snapshotter", "overlayfs", reference)
            self.time(name, command, {"PATH": chain.PATH}, {}, side.pids())
        finally:
            side.stop()

    def note(self, text):
        if text not in self.notes:
            self.notes.append(text)

    def time(self, name, command, env, identity, pids):
        os.sync()
        before, children = cpu(pids), os.times()
        start = time.perf_counter()
        result = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, **identity)
        took = time.perf_counter() - start
        if result.returncode != 0:
            raise RuntimeError(f"{name}: {command} ended with {result.returncode}: {result.stderr.decode()}")
        after = os.times()
        client = after.children_user + after.children_system - children.children_user - children.children_system
        self.times.setdefault(name, []).append(took)
        self.cpu.setdefault(name, []).append(cpu(pids) - before + client)

    def report(self):
        seconds = {name: {**common.spread(times), "processor": statistics.median(self.cpu[name])}
                   for name, times in self.times.items()}
        return {"seconds": seconds, "bars": common.ratio_bars(BARS, self.times), "place": str(self.options.place)}


def text(report):
    columns = ("median", "least", "most", "processor")
    lines = ["".join([f"{'':16}"] + [f"{column:>12}" for column in columns])]
    for name, figures in report["seconds"].items():
        lines.append(f"{name:16}" + "".join(f"{figures[column]:10.2f} s" for column in columns))
    return "\n".join(lines)


def main():
    parser = common.parser(__doc__, 5, ("load", "pull"))
    parser.add_argument("--place", type=pathlib.Path, default=pathlib.Path("/tmp"),
                        help="where images and data lie: a short path on the file system to be measured (default: %(default)s)")
    parser.add_argument("--tree", type=pathlib.Path, help="a tar to make the image of, instead of Debian's minimal system")
    parser.add_argument("--image", type=pathlib.Path, help="a Docker archive to use as it is")
    parser.add_argument("--layers", type=int, default=1, help="split the tree into so many layers (default: %(default)s)")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    options = common.parse(parser, common.CHAIN)
    return common.report(Bench, options, options.place, text)


if __name__ == "__main__":
    sys.exit(main())
