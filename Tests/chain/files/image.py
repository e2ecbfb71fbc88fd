"""The image in which the program of this folder runs: three layers with whiteouts, an opaque folder and files of all types.

As root, `image.py TRANSCRIPT` runs the program natively, in a chroot that holds what the layers come to, with the
capabilities that docker gives, and writes what it printed: native.expected was made that way, on ext4 and Linux 6.18.
"""
import hashlib
import io
import json
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile

SOURCES = pathlib.Path(__file__).parent
TIME = 1600000000


def folder(path, mode=0o755):
    return path, tarfile.DIRTYPE, mode, 0, 0, None


def file(path, content="x", mode=0o644, uid=0, gid=0):
    return path, tarfile.REGTYPE, mode, uid, gid, content


def special(path, kind, mode, uid, gid, what=None):
    return path, kind, mode, uid, gid, what


def layers(program):
    first = [
        folder("t"), folder("proc"), folder("dev"), folder("tmp", 0o1777), folder("etc"),
        file("etc/passwd", "root:x:0:0::/:/bin/sh\n"), file("program", program, 0o755),
        file("t/gone"), file("t/replaced", "old"), folder("t/folder-to-file"), file("t/folder-to-file/x"),
        file("t/file-to-folder"), folder("t/opaque"), file("t/opaque/hidden"), folder("t/opaque/hidden-d"),
        folder("t/merged"), file("t/merged/low", "low-content"), file("t/merged/both", "below"), folder("t/merged/deep"),
        file("t/merged/deep/f", "deep"), file("t/merged/dropped"), folder("t/refilled"), file("t/refilled/a"),
        folder("t/refilled/sub"), file("t/refilled/sub/x"), file("t/read-me", "read this"), folder("t/many"),
        *[file(f"t/many/low{i}") for i in range(100)],
    ]
    second = [
        file("t/.wh.gone", ""), file("t/replaced", "new"), file("t/folder-to-file", "now a file"),
        file("t/.wh.file-to-folder", ""), folder("t/opaque"), file("t/opaque/.wh..wh..opq", ""), file("t/opaque/n"),
        folder("t/opaque/new"), folder("t/merged"), file("t/merged/high", "high-content"), file("t/merged/both", "above"),
        file("t/merged/.wh.dropped", ""), folder("t/types"),
        special("t/types/c", tarfile.CHRTYPE, 0o640, 1, 2, (1, 3)), special("t/types/p", tarfile.FIFOTYPE, 0o600, 0, 0),
        special("t/types/l", tarfile.SYMTYPE, 0o777, 0, 0, "../read-me"),
        special("t/types/owned-l", tarfile.SYMTYPE, 0o777, 5, 5, "ro"), file("t/types/suid", "s", 0o4755),
        folder("t/types/sticky", 0o1777), file("t/types/ro", "ro", 0o444, 3, 4), file("t/types/none", "n", 0),
        file("t/types/hard1", "hard"), special("t/types/hard2", tarfile.LNKTYPE, 0o644, 0, 0, "t/types/hard1"),
        folder("t/many"), *[file(f"t/many/mid{i}") for i in range(100)],
        *[file(f"t/many/.wh.low{i}", "") for i in range(50)],
    ]
    third = [
        folder("t/file-to-folder"), file("t/file-to-folder/y"), folder("t/refilled"), file("t/refilled/b"),
        file("t/refilled/.wh.a", ""), folder("t/many"), *[file(f"t/many/top{i}") for i in range(100)],
    ]
    return [archive(first), archive(second), archive(third)]


def archive(entries):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, kind, mode, uid, gid, what in entries:
            info = tarfile.TarInfo(path)
            info.type, info.mode, info.uid, info.gid, info.mtime = kind, mode, uid, gid, TIME
            body = None
            if kind == tarfile.REGTYPE:
                content = what if isinstance(what, bytes) else what.encode()
                info.size, body = len(content), io.BytesIO(content)
            elif kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
                info.linkname = what
            elif kind == tarfile.CHRTYPE:
                info.devmajor, info.devminor = what
            tar.addfile(info, body)
    return data.getvalue()


def compile_program(target):
    compiler = next(c for c in ("cc", "gcc", "clang") if shutil.which(c))
    subprocess.run([compiler, "-O1", "-w", "-static", *sorted(SOURCES.glob("*.c")), "-o", target], check=True)


def save(path, program, name):
    """Writes what `docker save` would write."""
    blobs = layers(pathlib.Path(program).read_bytes())
    digests = [hashlib.sha256(blob).hexdigest() for blob in blobs]
    config = json.dumps({
        "architecture": "amd64", "os": "linux", "config": {"Cmd": ["/program"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest in digests]},
    }).encode()
    files = {f"{digest}.tar": blob for digest, blob in zip(digests, blobs)}
    files["config.json"] = config
    files["manifest.json"] = json.dumps(
        [{"Config": "config.json", "RepoTags": [name], "Layers": [f"{digest}.tar" for digest in digests]}]).encode()
    with tarfile.open(path, "w") as tar:
        for member, content in files.items():
            info = tarfile.TarInfo(member)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


def flatten(program, root):
    """Unpacks the layers over one another as a plain folder."""
    def remove(path):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.exists() or path.is_symlink():
            path.unlink()

    for blob in layers(pathlib.Path(program).read_bytes()):
        with tarfile.open(fileobj=io.BytesIO(blob)) as tar:
            members = tar.getmembers()
            for member in members:
                path = root / member.name
                if path.name == ".wh..wh..opq":
                    for inner in path.parent.iterdir():
                        remove(inner)
                elif path.name.startswith(".wh."):
                    remove(path.parent / path.name[4:])
            for member in members:
                path = root / member.name
                if path.name.startswith(".wh."):
                    continue
                if not (member.isdir() and path.is_dir()):
                    remove(path)
                tar.extract(member, root, numeric_owner=True)


def record(transcript):
    with tempfile.TemporaryDirectory() as temporary:
        program, root = pathlib.Path(temporary, "program"), pathlib.Path(temporary, "root")
        compile_program(program)
        root.mkdir()
        flatten(program, root)
        subprocess.run(["mount", "-t", "proc", "proc", root / "proc"], check=True)
        subprocess.run(["mount", "--bind", "/dev", root / "dev"], check=True)
        capabilities = ("chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service net_raw "
                        "sys_chroot mknod audit_write setfcap").split()
        try:
            output = subprocess.run(
                ["setpriv", "--bounding-set=-all," + ",".join(f"+{c}" for c in capabilities), "--inh-caps=-all",
                 "chroot", root, "/program"], check=True, capture_output=True).stdout
        finally:
            subprocess.run(["umount", root / "proc", root / "dev"], check=True)
        pathlib.Path(transcript).write_bytes(output)


if __name__ == "__main__":
    record(sys.argv[1])
