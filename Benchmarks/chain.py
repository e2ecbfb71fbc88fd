#!/usr/bin/env python3
"""What a container costs: the chain beside docker.io, containerd, runc and crun where these are installed.

Runs ours and theirs alternately and prints the median of each, the ratio, and whether the bars hold. Theirs need root; ours
run as the ordinary user that --user names. Give it a folder of release builds: others prove nothing.

    Benchmarks/chain.py --bin FOLDER [--rounds N] [--user UID] [--only NAME,...] [--format text|json]

What is measured:
    run        run --rm runu-base true, from the client's start to its end; docker.io with bridge and with host network
    exec       exec true in a running container
    runtime    runu run, runc run, crun run of true, on a plain folder
    memory     Pss of each process with one container sleeping, and of the daemons before any container
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import time

import common

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# The bars: our figure, theirs, and how much of theirs ours may be; or a plain limit in MB.
RATIOS = [("run", "run, docker.io bridge", 0.5), ("runu run", "runc run", 0.6)]
LIMITS = [("Pss of containerd-shim-runu-v2", 4), ("Pss of a container at rest", 8)]


def say(text):
    print(text, file=sys.stderr, flush=True)


def wait_for(condition, timeout, what):
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come within {timeout} s")
        time.sleep(0.02)


def pss(pid):
    """Pss of a process in MB (10^6), or None when it may not be asked."""
    try:
        for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024 / 1e6
    except OSError:
        pass
    return None


def base_image(path):
    """Makes runu-base, and returns the bytes of its one layer."""
    module = common.image_maker()
    layer = module.base_layer("/bin/busybox")
    module.write_image(str(path), "runu-base:latest", [layer], {"Env": [module.PATH], "Cmd": ["sh"]}, ["base"])
    return layer


class Ours:
    """ukmanager and ukd of the ordinary user, in folders of their own."""

    def __init__(self, binaries, folder, user):
        self.bin, self.folder = binaries, folder
        self.identity = {"user": user, "group": user, "extra_groups": []} if os.geteuid() == 0 else {}
        self.env = {"PATH": f"{binaries}:{PATH}", "HOME": str(folder), "XDG_RUNTIME_DIR": f"{folder}/run",
                    "XDG_DATA_HOME": f"{folder}/data", "XDG_CONFIG_HOME": f"{folder}/config"}
        for name in ("run", "data", "config"):
            (folder / name).mkdir(mode=0o700)
        for path in [folder, *folder.iterdir()]:
            if self.identity:
                os.chown(path, user, user)
        self.socket = folder / "run/ukontainer/docker.sock"
        self.env["DOCKER_HOST"] = f"unix://{self.socket}"
        self.daemons = {}

    def start(self):
        for name, socket in (("ukmanager", "manager.sock"), ("ukd", "docker.sock")):
            log = open(self.folder / f"{name}.log", "wb")
            self.daemons[name] = subprocess.Popen(
                [self.bin / name], env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self.identity)
            wait_for(lambda: (self.socket.parent / socket).exists(), 20, f"{name}'s socket")
        wait_for(lambda: self.call("version", check=False) == 0, 20, "an answer of ukd")

    def stop(self):
        for daemon in reversed(list(self.daemons.values())):
            daemon.terminate()
            try:
                daemon.wait(20)
            except subprocess.TimeoutExpired:
                daemon.kill()

    def command(self, *arguments):
        return [str(self.bin / "uk"), *arguments]

    def call(self, *arguments, check=True):
        return subprocess.run(self.command(*arguments), env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=None if check else subprocess.DEVNULL, check=check, **self.identity).returncode

    def output(self, *arguments):
        return subprocess.run(self.command(*arguments), env=self.env, check=True, capture_output=True, text=True,
                              **self.identity).stdout


class Theirs:
    """A dockerd of our own, so that nothing else runs in it."""

    def __init__(self, folder):
        self.folder = folder
        self.env = {"PATH": PATH, "HOME": str(folder), "DOCKER_HOST": f"unix://{folder}/d.sock"}
        self.client = "/usr/bin/docker" if os.path.exists("/usr/bin/docker") else "docker"
        self.bridge = True
        self.note = ""

    def start(self):
        for options, bridge in (([], True), (["--iptables=false"], True), (["--iptables=false", "--bridge=none"], False)):
            for driver in ("overlay2", "vfs"):
                if self.attempt([*options, "-s", driver]):
                    self.bridge, self.note = bridge, f"dockerd {' '.join([*options, '-s', driver])}"
                    return True
        return False

    def attempt(self, options):
        log = open(self.folder / "dockerd.log", "wb")
        self.daemon = subprocess.Popen(
            ["dockerd", "--data-root", self.folder / "data", "--exec-root", self.folder / "exec", "-H",
             f"unix://{self.folder}/d.sock", "-p", self.folder / "pid", *options],
            env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline and self.daemon.poll() is None:
            if self.call("version", check=False) == 0:
                return True
            time.sleep(0.1)
        self.stop()
        return False

    def stop(self):
        self.daemon.terminate()
        try:
            self.daemon.wait(20)
        except subprocess.TimeoutExpired:
            self.daemon.kill()

    def command(self, *arguments):
        return [self.client, *arguments]

    def call(self, *arguments, check=True):
        return subprocess.run(self.command(*arguments), env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=None if check else subprocess.DEVNULL, check=check).returncode

    def processes(self):
        """pid by name of dockerd and of what it started."""
        children = {}
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    text = (entry / "stat").read_text()
                    command = (entry / "cmdline").read_bytes().split(b"\0")
                except OSError:
                    continue
                parent = int(text[text.rindex(")") + 2:].split()[1])
                children.setdefault(parent, []).append((int(entry.name), command))
        found = {"dockerd": self.daemon.pid}
        for pid, command in children.get(self.daemon.pid, []):
            found[os.path.basename(command[0].decode())] = pid
        marker = str(self.folder).encode()
        for many in children.values():
            for pid, command in many:
                if b"containerd-shim-runc" in command[0] and any(marker in c for c in command):
                    found["containerd-shim-runc-v2"] = pid
        return found


class Benchmark:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.only = options.only
        self.times, self.memory, self.notes = {}, {}, []

    def alternate(self, entries):
        """Times each command `rounds` times, one after the other in turn; the first time of each does not count.

        `entries` are of name, command, environment, identity.
        """
        for number in range(self.options.rounds + 1):
            for name, command, env, identity in entries:
                start = time.perf_counter()
                result = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, **identity)
                took = (time.perf_counter() - start) * 1000
                if result.returncode != 0:
                    raise RuntimeError(f"{name}: {command} ended with {result.returncode}: {result.stderr.decode()}")
                if number:
                    self.times.setdefault(name, []).append(took)

    def run(self):
        image = self.folder / "runu-base.tar"
        layer = base_image(image)
        os.chmod(image, 0o644)
        (self.folder / "ours").mkdir()
        ours = Ours(self.options.bin, self.folder / "ours", self.options.user)
        theirs = None
        if os.geteuid() != 0:
            self.notes.append("not root: docker.io, runc and crun are left out")
        elif not shutil.which("dockerd"):
            self.notes.append("docker.io is not installed: it is left out")
        else:
            (self.folder / "theirs").mkdir()
            theirs = Theirs(self.folder / "theirs")
        ours.start()
        try:
            if theirs and not theirs.start():
                self.notes.append(f"dockerd does not start here (see {theirs.folder}/dockerd.log): it is left out")
                theirs = None
            if theirs:
                self.notes.append(f"compared with {theirs.note}")
                if not theirs.bridge:
                    self.notes.append("dockerd cannot make a bridge here: only its host network is measured")
            self.measure(ours, theirs, image)
            if "runtime" in self.only:
                self.runtimes(ours, layer)
        finally:
            ours.stop()
            if theirs:
                theirs.stop()

    def measure(self, ours, theirs, image):
        time.sleep(1)
        if "memory" in self.only:
            self.memory.update({f"idle {n}": pss(d.pid) for n, d in ours.daemons.items()})
            if theirs:
                self.memory.update({f"idle {n}": pss(p) for n, p in theirs.processes().items()})
        ours.call("load", "-q", "-i", str(image))
        if theirs:
            theirs.call("load", "-q", "-i", str(image))
        if "run" in self.only:
            entries = [("run", ours.command("run", "--rm", "runu-base", "true"), ours.env, ours.identity)]
            for network in (["bridge"] if theirs and theirs.bridge else []) + (["host"] if theirs else []):
                command = theirs.command("run", "--rm", "--network", network, "runu-base", "true")
                entries.append((f"run, docker.io {network}", command, theirs.env, {}))
            self.alternate(entries)
        ours.call("run", "-d", "--name", "bench", "runu-base", "sleep", "10000")
        if theirs:
            theirs.call("run", "-d", "--network", "host", "--name", "bench", "runu-base", "sleep", "10000")
        try:
            if "exec" in self.only:
                entries = [("exec", ours.command("exec", "bench", "true"), ours.env, ours.identity)]
                if theirs:
                    entries.append(("exec, docker.io", theirs.command("exec", "bench", "true"), theirs.env, {}))
                self.alternate(entries)
            if "memory" in self.only:
                # At rest: what a process needed for its last call it may take a moment to give back.
                time.sleep(4)
                self.processes(json.loads(ours.output("chain", "--format", "json")))
                parts = [self.memory.get(f"Pss of {p}") for p in ("containerd-shim-runu-v2", "ukernel", "nursery")]
                self.memory["Pss of a container at rest"] = sum(parts) if all(parts) else None
                if theirs:
                    self.memory.update({f"Pss of {n}": pss(p) for n, p in theirs.processes().items()})
        finally:
            ours.call("rm", "-f", "bench", check=False)
            if theirs:
                theirs.call("rm", "-f", "bench", check=False)

    def processes(self, nodes):
        for node in nodes:
            name = node["name"] if node["role"] in ("shim", "application") else node["role"]
            self.memory[f"Pss of {name}"] = node["pss"] / 1e6 if node["pss"] else None
            self.processes(node["children"])

    def runtimes(self, ours, layer):
        entries = []
        for name in ("runu", "runc", "crun"):
            program = str(self.options.bin / "runu") if name == "runu" else shutil.which(name)
            if name != "runu" and (os.geteuid() != 0 or not program):
                self.notes.append(f"{name} is left out" + ("" if program else ": it is not installed"))
                continue
            folder = self.folder / name
            (folder / "rootfs").mkdir(parents=True)
            with tarfile.open(fileobj=__import__("io").BytesIO(layer)) as tar:
                # Debian 12's Python knows no filters yet, and has none.
                trusted = {"filter": "fully_trusted"} if hasattr(tarfile, "fully_trusted_filter") else {}
                tar.extractall(folder / "rootfs", **trusted)
            identity = ours.identity if name == "runu" else {}
            env = ours.env if name == "runu" else {"PATH": PATH}
            if identity:
                subprocess.run(["chown", "-R", f"{identity['user']}:{identity['group']}", folder], check=True)
            subprocess.run([program, "spec"], cwd=folder, check=True, env=env, **identity)
            config = json.loads((folder / "config.json").read_text())
            config["process"]["args"], config["process"]["terminal"] = ["true"], False
            (folder / "config.json").write_text(json.dumps(config))
            state = folder / "state"
            # crun wants version 1 or 2 of control groups, not both; without any it measures no less.
            for options in ([], ["--cgroup-manager=disabled"]) if name == "crun" else ([],):
                command = [program, *options, "--root", str(state), "run", "--bundle", str(folder), f"bench-{name}"]
                probe = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, **identity)
                if probe.returncode == 0:
                    entries.append((f"{name} run", command, env, identity))
                    if options:
                        self.notes.append(f"{name} runs with {' '.join(options)}")
                    break
            else:
                self.notes.append(f"{name} is left out: {probe.stderr.strip()}")
        self.alternate(entries)

    def report(self):
        bars = common.ratio_bars(RATIOS, self.times)
        for name, most in LIMITS:
            if self.memory.get(name):
                bars.append({"bar": f"{name} at most {most} MB", "value": self.memory[name],
                             "holds": self.memory[name] <= most})
        return {"milliseconds": {name: common.spread(times) for name, times in self.times.items()},
                "megabytes": self.memory, "bars": bars}


def text(report):
    lines = [f"{'':34}{'median':>10}{'least':>10}{'most':>10}   of theirs"]
    times = report["milliseconds"]
    for name, figures in times.items():
        rivals = [t for n, t in times.items() if n.startswith(name + ",") or (name == "runu run" and n in ("runc run", "crun run"))]
        ratios = ", ".join(f"{figures['median'] / r['median']:.2f}" for r in rivals)
        lines.append(f"{name:34}" + "".join(f"{figures[k]:7.1f} ms" for k in ("median", "least", "most")) + f"   {ratios}")
    lines.append("")
    for name, value in report["megabytes"].items():
        lines.append(f"{name:34}" + (f"{value:7.2f} MB" if value else "unknown"))
    return "\n".join(lines)


def main():
    parser = common.parser(__doc__, 15, ("run", "exec", "runtime", "memory"))
    parser.add_argument("--format", choices=("text", "json"), default="text")
    return common.report(Benchmark, common.parse(parser, common.CHAIN), "/tmp", text)


if __name__ == "__main__":
    sys.exit(main())
