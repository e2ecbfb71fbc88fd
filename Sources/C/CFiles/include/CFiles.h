// System calls over files as the union file system needs them: every path relative to a folder's descriptor, every
// failure as -errno, and the kernel's own structures written for a caller on this machine.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "InsideTable.h"

/// What statx(2) says, in one piece.
struct ukf_stat {
    uint64_t ino, size, blocks, attributes, attributes_mask;
    int64_t atime, mtime, ctime, btime;
    uint32_t atime_ns, mtime_ns, ctime_ns, btime_ns;
    uint32_t mask, mode, nlink, uid, gid, blksize;
    uint32_t dev_major, dev_minor, rdev_major, rdev_minor;
};

/// open(2) flags that glibc hides behind _GNU_SOURCE, as this machine numbers them.
extern const int ukf_o_direct, ukf_o_noatime, ukf_o_path, ukf_o_tmpfile;
/// The number of a pseudo-terminal by its master, or -errno.
int ukf_terminal_number(int master);

int ukf_stat(int dirfd, const char *path, int flags, struct ukf_stat *out);
/// Writes `struct stat`, as the kernel gives it on this machine; returns its size. `out` has room for 256 bytes.
size_t ukf_write_stat(void *out, const struct ukf_stat *in);
/// Writes `struct statx`; returns its size (256).
size_t ukf_write_statx(void *out, const struct ukf_stat *in, uint64_t mount_id);

/// openat with O_CLOEXEC.
int ukf_open(int dirfd, const char *path, int flags, unsigned mode);
/// openat2 with RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS; component by component where the host has no openat2.
int ukf_open_beneath(int dirfd, const char *path, int flags, unsigned mode);
/// Opens the object behind a descriptor (also O_PATH) anew.
int ukf_reopen(int fd, int flags);
/// The same, but a signal ends the wait with -EINTR.
int ukf_reopen_interruptibly(int fd, int flags);
int ukf_mkdir(int dirfd, const char *path, unsigned mode);
int ukf_unlink(int dirfd, const char *path, int flags);
int ukf_rename(int old_dirfd, const char *old_path, int new_dirfd, const char *new_path, unsigned flags);
int ukf_link(int old_dirfd, const char *old_path, int new_dirfd, const char *new_path);
/// Gives the file behind a descriptor, which may have no name, a name.
int ukf_link_descriptor(int fd, int new_dirfd, const char *new_path);
int ukf_symlink(const char *target, int dirfd, const char *path);
int ukf_mknod(int dirfd, const char *path, unsigned mode, unsigned major, unsigned minor);
/// chmod of what is no symbolic link.
int ukf_chmod(int dirfd, const char *path, unsigned mode);
int ukf_fchmod(int fd, unsigned mode);
/// Never follows a link.
int ukf_chown(int dirfd, const char *path, unsigned uid, unsigned gid);
/// `times`: seconds and nanoseconds of access and modification, or NULL for now. Never follows a link.
int ukf_utimens(int dirfd, const char *path, const int64_t *times);
int ukf_futimens(int fd, const int64_t *times);
int ukf_truncate(int fd, int64_t size);
ssize_t ukf_readlink(int dirfd, const char *path, void *buffer, size_t size);
ssize_t ukf_getdents(int fd, void *buffer, size_t size);
int64_t ukf_seek(int fd, int64_t offset, int whence);
ssize_t ukf_pread(int fd, void *buffer, size_t size, int64_t offset);
ssize_t ukf_write(int fd, const void *buffer, size_t size);
int ukf_memfd(const char *name, int sealable);
/// fcntl(2), F_SETLEASE.
int ukf_lease(int fd, int type);
/// Gives an empty file another one's data without copying, where the host can (reflinks).
int ukf_clone(int from, int to);
/// Whether nobody has a regular file open for writing, or mapped so: asked by taking a lease, which is given back.
int ukf_is_quiet(int dirfd, const char *path);
/// Copies all of a file's data: by reflink, copy_file_range or hand, whichever the host has first. Holes stay holes.
int ukf_copy_data(int from, int to, int64_t size);
/// Writes `struct statfs`; returns its size or -errno.
ssize_t ukf_statfs(int fd, void *out);
size_t ukf_statfs_set(void *out, uint64_t type, uint64_t blocks, uint64_t free_blocks, uint64_t files, uint64_t flags, uint64_t id);
void ukf_statfs_mark(void *out, uint64_t type, uint64_t flags, uint64_t id);

/// xattrs of `path` below `dirfd`, whose last component is not followed when it is a link. An empty path means the
/// descriptor itself, also O_PATH. With AT_FDCWD links are followed, those of /proc included.
ssize_t ukf_getxattr(int dirfd, const char *path, const char *name, void *buffer, size_t size);
int ukf_setxattr(int dirfd, const char *path, const char *name, const void *value, size_t size, int flags);
ssize_t ukf_listxattr(int dirfd, const char *path, char *buffer, size_t size);
int ukf_removexattr(int dirfd, const char *path, const char *name);

int ukf_pidfd_getfd(int pidfd, int fd);
/// The stat of what a process's descriptor holds: half the price of the way over /proc/PID/fd.
int ukf_stat_fetched(int pidfd, int fd, struct ukf_stat *out);
int ukf_inotify_add(int inotify, int fd, uint32_t mask);
/// major, minor as st_dev encodes them.
uint64_t ukf_device(uint32_t major, uint32_t minor);
