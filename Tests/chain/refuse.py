#!/usr/bin/env python3
"""Runs a command under a seccomp filter that refuses what a container engine usually needs from its host.

mount and its newer relatives, unshare, setns, chroot, pivot_root and the namespace flags of clone answer EPERM;
clone3, whose flags a filter cannot see, answers ENOSYS, so that C libraries fall back to clone.
"""
import ctypes
import errno
import os
import struct
import sys

REFUSED = {
    "mount": 165, "umount2": 166, "unshare": 272, "setns": 308, "chroot": 161, "pivot_root": 155,
    "open_tree": 428, "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433,
    "mount_setattr": 442,
}
CLONE, CLONE3 = 56, 435
# NEWTIME, NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
NAMESPACE_FLAGS = 0x80 | 0x20000 | 0x2000000 | 0x4000000 | 0x8000000 | 0x10000000 | 0x20000000 | 0x40000000

LOAD, JUMP_EQUAL, JUMP_SET, RETURN = 0x20, 0x15, 0x45, 0x06
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16
X86_64 = 0xC000003E


def program():
    refuse = ERRNO | errno.EPERM
    code = [
        (LOAD, 0, 0, ARCHITECTURE), (JUMP_EQUAL, 1, 0, X86_64), (RETURN, 0, 0, ERRNO | errno.ENOSYS),
        (LOAD, 0, 0, NUMBER),
    ]
    for number in REFUSED.values():
        code += [(JUMP_EQUAL, 0, 1, number), (RETURN, 0, 0, refuse)]
    code += [(JUMP_EQUAL, 0, 1, CLONE3), (RETURN, 0, 0, ERRNO | errno.ENOSYS)]
    code += [
        (JUMP_EQUAL, 0, 3, CLONE), (LOAD, 0, 0, FIRST_ARGUMENT), (JUMP_SET, 0, 1, NAMESPACE_FLAGS), (RETURN, 0, 0, refuse),
        (RETURN, 0, 0, ALLOW),
    ]
    return b"".join(struct.pack("<HBBI", *instruction) for instruction in code), len(code)


def install():
    libc = ctypes.CDLL(None, use_errno=True)
    code, count = program()
    buffer = ctypes.create_string_buffer(code)
    description = ctypes.create_string_buffer(struct.pack("<HxxxxxxQ", count, ctypes.addressof(buffer)))
    no_new_privs, set_seccomp, filter_mode = 38, 22, 2
    if libc.prctl(no_new_privs, 1, 0, 0, 0) or libc.prctl(set_seccomp, filter_mode, description, 0, 0):
        raise OSError(ctypes.get_errno(), "seccomp filter refused")
    # A filter that does nothing would make the whole proof worthless.
    if libc.unshare(0x10000000) == 0 or ctypes.get_errno() != errno.EPERM:
        raise SystemExit("refuse.py: the filter does not refuse unshare")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit("usage: refuse.py COMMAND [ARGUMENT...]")
    install()
    os.execvp(sys.argv[1], sys.argv[1:])
