#!/usr/bin/env python3
"""A person's day on a Debian tree, run alternately natively (chroot), under runu, and under proot and docker.io where installed.

Each round works in a fresh folder.

Prints the median of each in milliseconds, its ratio to native, and the geometric mean. Root is needed for chroot, and for
making the tree with mmdebstrap the first time; runu and proot run as the ordinary user that --user names.

    Benchmarks/workloads.py --bin FOLDER [--tree FOLDER] [--rounds N] [--only NAME,...] [--format json]
"""
import ctypes
import json
import math
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import common

PACKAGES = "gcc,libc6-dev,git,python3,sqlite3,dpkg-dev"
WORKLOADS = {
    "find+stat": "find /usr -printf '%s %m %u\\n' >/dev/null",
    "tar": "tar cf - /usr 2>/dev/null | cat >/dev/null",
    "forks": "i=0; while [ $i -lt 500 ]; do /bin/true; i=$((i+1)); done",
    "grep -r": "grep -r zyxwv /usr/share /usr/include >/dev/null || true",
    "dd": "dd if=/dev/zero of=dd bs=4k count=50000 2>/dev/null; rm dd",
    "small files": "mkdir s; cd s; i=0; while [ $i -lt 2000 ]; do echo x >f$i; i=$((i+1)); done; cd ..; rm -r s",
    "dpkg -V": "dpkg -V >/dev/null",
    "gcc": "printf '#include <stdio.h>\\nint main(void){puts(\"hi\");}\\n' >h.c; for i in 1 2 3 4 5; do gcc -O1 h.c -o h && ./h; done >/dev/null; rm h h.c",
    "git": "git init -q g; cd g; git config user.email a@b; git config user.name a; cp -r /usr/share/perl5 .; git add .; git commit -qm x; for i in 1 2 3; do git status >/dev/null; done; cd ..; rm -rf g",
    "python": "for i in 1 2 3 4 5; do python3 -c 'import json, asyncio, http.client, email, sqlite3, unittest, xml.dom.minidom'; done",
    "sqlite": "(echo 'create table t(a,b);'; i=0; while [ $i -lt 200 ]; do echo \"insert into t values($i,'x');\"; i=$((i+1)); done) | sqlite3 q.db; rm -f q.db",
}
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C"}


def make_tree(tree):
    subprocess.run(
        ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={PACKAGES}", "bookworm", f"{tree}.tar"], check=True)
    tree.mkdir(parents=True)
    subprocess.run(["tar", "-C", tree, "-xpf", f"{tree}.tar", "--exclude=./dev/*"], check=True)


def as_user(user, command):
    if os.geteuid() != 0:
        return command
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--bounding-set=-all", "--", *command]


def bundle(folder, layer):
    """A bundle whose root is the tree as a read-only layer under a writable folder of its own."""
    (folder / "rootfs").mkdir(parents=True)
    (folder / "upper").mkdir()
    (folder / "work").mkdir()
    (folder / "rootfs.fstab").write_text(
        f"overlay / overlay lowerdir={layer},upperdir={folder}/upper,workdir={folder}/work 0 0\n")
    capabilities = ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID"]
    return {
        "ociVersion": "1.0.2", "hostname": "bench", "root": {"path": "rootfs"},
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs"},
        ],
        "linux": {"namespaces": [{"type": "pid"}, {"type": "mount"}]},
        "process": {
            "cwd": "/", "user": {"uid": 0, "gid": 0}, "env": [f"{k}={v}" for k, v in ENVIRONMENT.items()],
            "capabilities": {k: capabilities for k in ("bounding", "effective", "permitted")}, "args": [],
        },
    }


def spread(folder):
    """Has ext4 give each new folder in this one a place of its own.

    It uses no inode again within a minute, and looks at each that it must not use: who makes files where many were removed
    just now pays for it, be it the next round or the other side. So the rounds' folders stay until the end, too. Where
    it looks for a place depends on the name.
    """
    subprocess.run(["chattr", "+T", folder], stderr=subprocess.DEVNULL)  # Other file systems have no such flag, nor need it.


class Bench:
    def __init__(self, options):
        self.options = options
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ukbench-", dir="/tmp"))
        # The ordinary user's own copy of the tree: what a user would have unpacked.
        self.layer = self.folder / "layer"
        uid = options.user
        spread(self.folder)
        subprocess.run(["cp", "-a", "--reflink=auto", options.tree, self.layer], check=True)
        if os.geteuid() == 0:
            subprocess.run(["chown", "-R", f"{uid}:{uid}", self.folder], check=True)
        subprocess.run(["chmod", "-R", "u+rwX", self.layer], check=True)
        for name, kind in (("null", "1 3"), ("zero", "1 5"), ("urandom", "1 9")):  # git asks the last one for names.
            if os.geteuid() == 0 and not (options.tree / "dev" / name).exists():
                subprocess.run(["mknod", "-m666", options.tree / "dev" / name, "c", *kind.split()], check=True)
        for tree in (options.tree, self.layer):
            spread(tree / "tmp")
        self.counter = 0
        self.sides = {"native": self.native, "runu": self.runu}
        if os.geteuid() != 0:
            del self.sides["native"]
        if shutil.which("proot") and not options.no_proot:
            self.sides["proot"] = self.proot
        if options.docker:
            subprocess.run(
                f"tar -C {options.tree} -c . | docker import - ukbench", shell=True, check=True, stdout=subprocess.DEVNULL)
            self.sides["docker.io"] = self.docker

    def native(self, script):
        return ["chroot", str(self.options.tree), "/bin/sh", "-c", script]

    def docker(self, script):
        return ["docker", "run", "--rm", "--network", "host", "ukbench", "/bin/sh", "-c", script]

    def proot(self, script):
        return as_user(
            self.options.user,
            ["proot", "-0", "-r", str(self.layer), "-b", "/proc", "-b", "/dev", "-w", "/", "/bin/sh", "-c", script])

    def runu(self, script):
        folder = self.folder / f"{self.folder.name}.{self.counter}"
        configuration = bundle(folder, self.layer)
        configuration["process"]["args"] = ["/bin/sh", "-c", script]
        (folder / "config.json").write_text(json.dumps(configuration))
        if os.geteuid() == 0:
            subprocess.run(["chown", "-R", f"{self.options.user}:{self.options.user}", folder], check=True)
        return as_user(
            self.options.user,
            [str(self.options.bin / "runu"), "--root", str(self.folder / "state"), "run", "-b", str(folder), f"b{self.counter}"])

    def time(self, side, script):
        self.counter += 1
        work = f"tmp/{self.folder.name}.{self.counter}"
        command = self.sides[side](f"set -e; mkdir /{work}; cd /{work}; {script}")
        begin = self.clock()
        result = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=ENVIRONMENT)
        elapsed = self.clock() - begin
        if result.returncode != 0:
            print(f"{side}: exit {result.returncode}: {result.stderr.decode(errors='replace')[-400:]}", file=sys.stderr)
            return None
        return elapsed * 1000

    def clock(self):
        """Seconds: of the wall's clock, or of the processors for all that was started, the kernel included."""
        if not self.options.processor:
            return time.perf_counter()
        while True:
            try:
                os.wait()
            except ChildProcessError:
                break
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    def run(self):
        if self.options.processor:
            ctypes.CDLL(None).prctl(36, 1)  # PR_SET_CHILD_SUBREAPER: processes that runu leaves become this one's.
        results = {}
        for name, script in WORKLOADS.items():
            if name not in self.options.only:
                continue
            samples = {side: [] for side in self.sides}
            for round in range(self.options.rounds + 1):
                for side in self.sides:
                    if side == "proot" and round > 2:
                        continue
                    elapsed = self.time(side, script)
                    if round > 0 and elapsed is not None:  # The first round warms the page cache.
                        samples[side].append(elapsed)
            results[name] = {side: statistics.median(s) if s else None for side, s in samples.items()}
            if self.options.format == "table":
                self.row(name, results[name])
        return results

    def row(self, name, medians):
        native = medians.get("native")
        cells = [f"{name:<12}"]
        for side in self.sides:
            value = medians[side]
            if value is None:
                cells.append(f"{side}: failed")
            else:
                ratio = f" ({value / native:5.2f}x)" if native and side != "native" else ""
                cells.append(f"{side}: {value:8.1f} ms{ratio}")
        print("  ".join(cells), flush=True)

    def mean(self, results):
        means = {}
        for side in self.sides:
            ratios = [r[side] / r["native"] for r in results.values() if r.get("native") and r[side]]
            if ratios:
                means[side] = math.exp(sum(map(math.log, ratios)) / len(ratios))
        return means


def main():
    parser = common.parser(__doc__, 5, WORKLOADS)
    parser.add_argument("--tree", type=pathlib.Path, default=pathlib.Path("/tmp/ukbench-debian"), help="the Debian tree")
    parser.add_argument(
        "--processor", action="store_true", help="processor time instead: what other things the machine does matters less")
    parser.add_argument("--docker", action="store_true", help="also docker.io, by the docker that DOCKER_HOST names")
    parser.add_argument("--no-proot", action="store_true", help="leave proot out: it is slow")
    parser.add_argument("--format", choices=["table", "json"], default="table")
    options = common.parse(parser)
    if not options.tree.exists():
        make_tree(options.tree)
    bench = Bench(options)
    try:
        results = bench.run()
        means = bench.mean(results)
        if options.format == "json":
            print(json.dumps({"milliseconds": results, "geometric mean": means}))
        else:
            print("geometric mean over native: " + ", ".join(f"{side} {mean:.2f}x" for side, mean in means.items()))
    finally:
        shutil.rmtree(bench.folder, ignore_errors=True)
        for folder in (options.tree / "tmp").glob(f"{bench.folder.name}.*"):
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
