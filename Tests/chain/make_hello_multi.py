#!/usr/bin/env python3
"""Makes hello-multi, a test image of three layers: the base, one that adds, and one that takes away with whiteouts.

usage: make_hello_multi.py OUT.tar

What a container must see:
    /hello/keep          "from layer 2\n"          /hello/removed       absent (.wh.removed)
    /hello/replaced      "from layer 3\n"          /hello/opaque/       only "new" (.wh..wh..opq)
    /hello/link          a hard link to keep       /hello/tree          absent, it was a folder (.wh.tree)
    /hello/was-folder    a file, "now a file\n"    /hello/was-file/in   a file in a folder that was a file
    /hello/owned         uid 1234, gid 5678, 4755  /etc/shells          absent (removed from layer 1)
The entrypoint is ["/bin/echo", "hello"], the command ["multi"], the user 33:33, the working folder /hello,
HELLO=multi is in the environment, the stop signal is SIGINT.
"""

import importlib.machinery
import importlib.util
import pathlib
import sys
import tarfile

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "deploy" / "make-base-image"
sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("make_base_image", str(SCRIPT))
base = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
loader.exec_module(base)
entry, folder, tar = base.entry, base.folder, base.tar


def layers(busybox="/bin/busybox"):
    second = [
        folder("hello"),
        entry("hello/keep", data=b"from layer 2\n"),
        entry("hello/link", tarfile.LNKTYPE, link="hello/keep"),
        entry("hello/owned", mode=0o4755, uid=1234, gid=5678, data=b"owned\n"),
        entry("hello/removed", data=b"you should not see me\n"),
        entry("hello/replaced", data=b"from layer 2\n"),
        folder("hello/opaque"),
        entry("hello/opaque/old", data=b"you should not see me\n"),
        folder("hello/tree"),
        entry("hello/tree/leaf", data=b"you should not see me\n"),
        folder("hello/was-folder"),
        entry("hello/was-folder/in", data=b"you should not see me\n"),
        entry("hello/was-file", data=b"you should not see me\n"),
    ]
    third = [
        folder("etc"),
        entry("etc/.wh.shells"),
        folder("hello"),
        entry("hello/.wh.removed"),
        entry("hello/.wh.tree"),
        entry("hello/replaced", data=b"from layer 3\n"),
        folder("hello/opaque"),
        entry("hello/opaque/.wh..wh..opq"),
        entry("hello/opaque/new", data=b"from layer 3\n"),
        entry("hello/was-folder", data=b"now a file\n"),
        folder("hello/was-file"),
        entry("hello/was-file/in", data=b"from layer 3\n"),
    ]
    return [base.base_layer(busybox), tar(second), tar(third)]


def make(path):
    config = {
        "User": "33:33",
        "Env": [base.PATH, "HELLO=multi"],
        "Entrypoint": ["/bin/echo", "hello"],
        "Cmd": ["multi"],
        "WorkingDir": "/hello",
        "Labels": {"org.example.purpose": "test"},
        "StopSignal": "SIGINT",
    }
    base.write_image(path, "hello-multi:latest", layers(), config, ["base", "add", "take away"])


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    make(sys.argv[1])
