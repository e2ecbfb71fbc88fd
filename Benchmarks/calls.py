#!/usr/bin/env python3
"""What single system calls cost: natively (chroot), and under runu, in microseconds a call.

Wall clock is the best of the rounds; processor time is the caller's and its kernel's together, the median of the rounds,
and is the one to look at on a machine that does other things as well. Root is needed for chroot.

    Benchmarks/calls.py --bin FOLDER [--user UID] [--rounds N] [--only NAME,...]
"""
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile

import common
import workloads

CASES = {
    "getppid": 5000, "stat warm": 5000, "stat cold": 1000, "stat missing": 5000, "stat deep": 5000, "fstat": 5000,
    "access": 5000, "readlink": 5000, "getcwd": 5000, "open+close": 5000, "open+close cold": 1000,
    "open+close folder": 5000, "create+unlink": 1000, "create+rename": 1000, "mkdir+rmdir": 1000, "fork": 200,
    "fork+exec": 200, "read 64k": 20000, "write 64k": 20000, "mmap 64k": 20000,
}


def make_tree(tree, generations):
    (tree / "files/a/b/c/d/e").mkdir(parents=True)
    for name in ("proc", "dev", "tmp"):
        (tree / name).mkdir()
    (tree / "files/a/b/c/d/e/f").touch()
    (tree / "files/warm").touch()
    (tree / "files/link").symlink_to("warm")
    for generation in range(generations):
        for i in range(20):
            folder = tree / f"files/{generation}/{i}"
            folder.mkdir(parents=True)
            for k in range(50):
                (folder / str(k)).touch()
    source = pathlib.Path(__file__).with_suffix(".c")
    subprocess.run(["cc", "-O2", "-static", "-o", tree / "calls", source], check=True)


class Side:
    """The program on one side, and the processes that serve it."""

    def __init__(self, command, marker=None):
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=workloads.ENVIRONMENT)
        self.ask("getppid", 1)
        self.kernels = [] if marker is None else [
            p for p in pathlib.Path("/proc").iterdir() if p.name.isdigit() and self.serves(p, marker)]

    @staticmethod
    def serves(process, marker):
        try:
            return (process / "comm").read_text() == "ukernel\n" and marker in (process / "cmdline").read_text()
        except OSError:
            return False

    def kernel_time(self):
        return sum(
            int((task / "schedstat").read_text().split()[0]) for p in self.kernels for task in (p / "task").iterdir())

    def ask(self, case, count):
        self.process.stdin.write(f"{count} {case}\n")
        self.process.stdin.flush()
        return [int(word) for word in self.process.stdout.readline().split()]

    def measure(self, case, count):
        before = self.kernel_time()
        wall, used = self.ask(case, count)
        return wall / count / 1000, (used + self.kernel_time() - before) / count / 1000

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def main():
    options = common.parse(common.parser(__doc__, 5, CASES))
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ukcalls-", dir="/tmp"))
    try:
        layer = folder / "layer"
        layer.mkdir()
        make_tree(layer, 2 * options.rounds)
        configuration = workloads.bundle(folder / "bundle", layer)
        configuration["process"]["args"] = ["/calls"]
        (folder / "bundle/config.json").write_text(json.dumps(configuration))
        command = [options.bin / "runu", "--root", folder / "state", "run", "-b", folder / "bundle", "calls"]
        if os.geteuid() == 0:
            subprocess.run(["chown", "-R", f"{options.user}:{options.user}", folder], check=True)
        sides = {"runu": Side(workloads.as_user(options.user, command), str(folder))}
        if os.geteuid() == 0:
            native = folder / "native"
            subprocess.run(["cp", "-a", layer, native], check=True)
            sides["native"] = Side(["chroot", native, "/calls"])
        print(f"{'':<20}" + "".join(f"{side + ' wall':>14}{side + ' cpu':>14}" for side in sides) + f"{'cpu ratio':>14}")
        for case, count in CASES.items():
            if case not in options.only:
                continue
            rounds = [[side.measure(case, count) for side in sides.values()] for _ in range(options.rounds)]
            figures = [
                (min(wall for wall, _ in side), statistics.median(used for _, used in side)) for side in zip(*rounds)]
            cells = "".join(f"{wall:14.2f}{used:14.2f}" for wall, used in figures)
            if len(figures) > 1:
                cells += f"{figures[0][1] / figures[1][1]:14.2f}"
            print(f"{case:<20}{cells}", flush=True)
        for side in sides.values():
            side.end()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
