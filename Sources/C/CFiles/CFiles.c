#define _GNU_SOURCE 1
#include "CFiles.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

const int ukf_o_direct = O_DIRECT, ukf_o_noatime = O_NOATIME, ukf_o_path = O_PATH, ukf_o_tmpfile = O_TMPFILE & ~O_DIRECTORY;

static int result(long value) { return value < 0 ? -errno : (int)value; }

int ukf_stat(int dirfd, const char *path, int flags, struct ukf_stat *out) {
    struct statx s;
    if (syscall(SYS_statx, dirfd, path, flags | AT_NO_AUTOMOUNT, STATX_BASIC_STATS | STATX_BTIME, &s) < 0) return -errno;
    out->ino = s.stx_ino;
    out->size = s.stx_size;
    out->blocks = s.stx_blocks;
    out->attributes = s.stx_attributes;
    out->attributes_mask = s.stx_attributes_mask;
    out->atime = s.stx_atime.tv_sec;
    out->mtime = s.stx_mtime.tv_sec;
    out->ctime = s.stx_ctime.tv_sec;
    out->btime = s.stx_btime.tv_sec;
    out->atime_ns = s.stx_atime.tv_nsec;
    out->mtime_ns = s.stx_mtime.tv_nsec;
    out->ctime_ns = s.stx_ctime.tv_nsec;
    out->btime_ns = s.stx_btime.tv_nsec;
    out->mask = s.stx_mask;
    out->mode = s.stx_mode;
    out->nlink = s.stx_nlink;
    out->uid = s.stx_uid;
    out->gid = s.stx_gid;
    out->blksize = s.stx_blksize;
    out->dev_major = s.stx_dev_major;
    out->dev_minor = s.stx_dev_minor;
    out->rdev_major = s.stx_rdev_major;
    out->rdev_minor = s.stx_rdev_minor;
    return 0;
}

uint64_t ukf_device(uint32_t major, uint32_t minor) { return makedev(major, minor); }

size_t ukf_write_stat(void *out, const struct ukf_stat *in) {
    struct stat s;
    memset(&s, 0, sizeof s);
    s.st_dev = makedev(in->dev_major, in->dev_minor);
    s.st_ino = in->ino;
    s.st_mode = in->mode;
    s.st_nlink = in->nlink;
    s.st_uid = in->uid;
    s.st_gid = in->gid;
    s.st_rdev = makedev(in->rdev_major, in->rdev_minor);
    s.st_size = (off_t)in->size;
    s.st_blksize = in->blksize;
    s.st_blocks = (blkcnt_t)in->blocks;
    s.st_atim = (struct timespec){in->atime, in->atime_ns};
    s.st_mtim = (struct timespec){in->mtime, in->mtime_ns};
    s.st_ctim = (struct timespec){in->ctime, in->ctime_ns};
    memcpy(out, &s, sizeof s);
    return sizeof s;
}

size_t ukf_write_statx(void *out, const struct ukf_stat *in, uint64_t mount_id) {
    struct statx s;
    memset(&s, 0, sizeof s);
    s.stx_mask = in->mask | STATX_MNT_ID;
    s.stx_blksize = in->blksize;
    s.stx_attributes = in->attributes;
    s.stx_attributes_mask = in->attributes_mask;
    s.stx_nlink = in->nlink;
    s.stx_uid = in->uid;
    s.stx_gid = in->gid;
    s.stx_mode = (uint16_t)in->mode;
    s.stx_ino = in->ino;
    s.stx_size = in->size;
    s.stx_blocks = in->blocks;
    s.stx_atime = (struct statx_timestamp){.tv_sec = in->atime, .tv_nsec = in->atime_ns};
    s.stx_mtime = (struct statx_timestamp){.tv_sec = in->mtime, .tv_nsec = in->mtime_ns};
    s.stx_ctime = (struct statx_timestamp){.tv_sec = in->ctime, .tv_nsec = in->ctime_ns};
    s.stx_btime = (struct statx_timestamp){.tv_sec = in->btime, .tv_nsec = in->btime_ns};
    s.stx_rdev_major = in->rdev_major;
    s.stx_rdev_minor = in->rdev_minor;
    s.stx_dev_major = in->dev_major;
    s.stx_dev_minor = in->dev_minor;
    s.stx_mnt_id = mount_id;
    memcpy(out, &s, sizeof s);
    return sizeof s;
}

int ukf_open(int dirfd, const char *path, int flags, unsigned mode) {
    int fd;
    while ((fd = openat(dirfd, path, flags | O_CLOEXEC, mode)) < 0 && errno == EINTR) {}
    return result(fd);
}

// Without openat2: every component but the last is opened as a folder that is no link.
static int open_by_components(int dirfd, const char *path, int flags, unsigned mode) {
    int at = dirfd;
    for (;;) {
        const char *slash = strchr(path, '/');
        int fd;
        if (!slash) {
            fd = ukf_open(at, path, flags | O_NOFOLLOW, mode);
        } else {
            char name[NAME_MAX + 1];
            size_t length = (size_t)(slash - path);
            if (length > NAME_MAX) fd = -ENAMETOOLONG;
            else {
                memcpy(name, path, length);
                name[length] = 0;
                fd = ukf_open(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
            }
        }
        if (at != dirfd) close(at);
        if (!slash || fd < 0) return fd;
        at = fd;
        path = slash + 1;
    }
}

int ukf_open_beneath(int dirfd, const char *path, int flags, unsigned mode) {
    static int missing;
    if (!missing) {
        struct open_how how = {
            .flags = (uint64_t)(uint32_t)(flags | O_CLOEXEC),
            .mode = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? mode : 0,
            .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
        };
        if (flags & O_PATH) how.flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
        for (;;) {
            long fd = syscall(SYS_openat2, dirfd, path, &how, sizeof how);
            if (fd >= 0) return (int)fd;
            if (errno == EINTR || errno == EAGAIN) continue;
            if (errno != ENOSYS && errno != EPERM) return -errno;
            break;
        }
        if (errno == ENOSYS) missing = 1;
    }
    return open_by_components(dirfd, path, flags, mode);
}

int ukf_reopen(int fd, int flags) {
    char path[40];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    // Not tried again after a signal: that is how a fifo's wait is ended.
    return result(open(path, flags | O_CLOEXEC));
}

int ukf_reopen_interruptibly(int fd, int flags) {
    char path[40];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return result(open(path, flags | O_CLOEXEC));
}

int ukf_mkdir(int dirfd, const char *path, unsigned mode) { return result(mkdirat(dirfd, path, mode)); }
int ukf_unlink(int dirfd, const char *path, int flags) { return result(unlinkat(dirfd, path, flags)); }

int ukf_rename(int old_dirfd, const char *old_path, int new_dirfd, const char *new_path, unsigned flags) {
    if (!flags) return result(renameat(old_dirfd, old_path, new_dirfd, new_path));
    return result(syscall(SYS_renameat2, old_dirfd, old_path, new_dirfd, new_path, flags));
}

int ukf_link(int old_dirfd, const char *old_path, int new_dirfd, const char *new_path) {
    return result(linkat(old_dirfd, old_path, new_dirfd, new_path, 0));
}

int ukf_link_descriptor(int fd, int new_dirfd, const char *new_path) {
    char path[40];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return result(linkat(AT_FDCWD, path, new_dirfd, new_path, AT_SYMLINK_FOLLOW));
}

int ukf_symlink(const char *target, int dirfd, const char *path) { return result(symlinkat(target, dirfd, path)); }

int ukf_mknod(int dirfd, const char *path, unsigned mode, unsigned major, unsigned minor) {
    return result(mknodat(dirfd, path, mode, makedev(major, minor)));
}

int ukf_chmod(int dirfd, const char *path, unsigned mode) { return result(fchmodat(dirfd, path, mode, 0)); }
int ukf_fchmod(int fd, unsigned mode) { return result(fchmod(fd, mode)); }
int ukf_chown(int dirfd, const char *path, unsigned uid, unsigned gid) {
    return result(fchownat(dirfd, path, uid, gid, AT_SYMLINK_NOFOLLOW | (*path ? 0 : AT_EMPTY_PATH)));
}

int ukf_utimens(int dirfd, const char *path, const int64_t *times) {
    struct timespec t[2];
    if (times) t[0] = (struct timespec){times[0], times[1]}, t[1] = (struct timespec){times[2], times[3]};
    return result(utimensat(dirfd, path, times ? t : NULL, AT_SYMLINK_NOFOLLOW));
}

int ukf_futimens(int fd, const int64_t *times) {
    struct timespec t[2];
    char path[40];
    if (times) t[0] = (struct timespec){times[0], times[1]}, t[1] = (struct timespec){times[2], times[3]};
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return result(utimensat(AT_FDCWD, path, times ? t : NULL, 0));
}

int ukf_truncate(int fd, int64_t size) { return result(ftruncate(fd, size)); }

ssize_t ukf_readlink(int dirfd, const char *path, void *buffer, size_t size) {
    ssize_t n = readlinkat(dirfd, path, buffer, size);
    return n < 0 ? -errno : n;
}

ssize_t ukf_getdents(int fd, void *buffer, size_t size) {
    long n = syscall(SYS_getdents64, fd, buffer, size);
    return n < 0 ? -errno : n;
}

int64_t ukf_seek(int fd, int64_t offset, int whence) {
    off_t n = lseek(fd, offset, whence);
    return n < 0 ? -errno : n;
}

ssize_t ukf_pread(int fd, void *buffer, size_t size, int64_t offset) {
    ssize_t n;
    while ((n = pread(fd, buffer, size, offset)) < 0 && errno == EINTR) {}
    return n < 0 ? -errno : n;
}

ssize_t ukf_write(int fd, const void *buffer, size_t size) {
    ssize_t n;
    while ((n = write(fd, buffer, size)) < 0 && errno == EINTR) {}
    return n < 0 ? -errno : n;
}

int ukf_lease(int fd, int type) { return fcntl(fd, F_SETLEASE, type) < 0 ? -errno : 0; }

int ukf_memfd(const char *name, int sealable) {
    return result(memfd_create(name, MFD_CLOEXEC | (sealable ? MFD_ALLOW_SEALING : 0)));
}

int ukf_is_quiet(int dirfd, const char *path) {
    int fd = ukf_open(dirfd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
    if (fd < 0) return 0;
    int quiet = fcntl(fd, F_SETLEASE, F_RDLCK) == 0;
    if (quiet) fcntl(fd, F_SETLEASE, F_UNLCK);
    close(fd);
    return quiet;
}

static int copy_range(int from, int to, off_t start, off_t end) {
    off_t in = start, out = start;
    while (in < end) {
        ssize_t n = copy_file_range(from, &in, to, &out, (size_t)(end - in), 0);
        if (n == 0) return 0;
        if (n > 0) continue;
        if (errno == EINTR) continue;
        if (errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP && errno != EPERM) return -errno;
        break;
    }
    char buffer[65536];
    while (in < end) {
        size_t want = (size_t)(end - in) < sizeof buffer ? (size_t)(end - in) : sizeof buffer;
        ssize_t n = ukf_pread(from, buffer, want, in);
        if (n <= 0) return (int)n;
        for (ssize_t done = 0; done < n;) {
            ssize_t written = pwrite(to, buffer + done, (size_t)(n - done), in + done);
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) return -errno;
            done += written;
        }
        in += n;
    }
    return 0;
}

int ukf_clone(int from, int to) { return result(ioctl(to, FICLONE, from)); }

int ukf_copy_data(int from, int to, int64_t size) {
    if (size == 0) return 0;
    if (ioctl(to, FICLONE, from) == 0) return 0;
    off_t at = 0;
    while (at < size) {
        off_t data = lseek(from, at, SEEK_DATA), end = size;
        if (data < 0 && errno == ENXIO) break;
        if (data < 0) data = at;
        else {
            end = lseek(from, data, SEEK_HOLE);
            if (end < 0 || end > size) end = size;
        }
        int error = copy_range(from, to, data, end);
        if (error < 0) return error;
        at = end;
    }
    return result(ftruncate(to, size));
}

ssize_t ukf_statfs(int fd, void *out) {
    struct statfs s;
    if (fstatfs(fd, &s) < 0) return -errno;
    memcpy(out, &s, sizeof s);
    return sizeof s;
}

void ukf_statfs_mark(void *out, uint64_t type, uint64_t flags, uint64_t id) {
    struct statfs s;
    memcpy(&s, out, sizeof s);
    if (type) s.f_type = (__typeof__(s.f_type))type;
    s.f_flags = (__typeof__(s.f_flags))(flags | 0x20 /* ST_VALID */);
    memcpy(&s.f_fsid, &id, sizeof s.f_fsid);
    memcpy(out, &s, sizeof s);
}

size_t ukf_statfs_set(
    void *out, uint64_t type, uint64_t blocks, uint64_t free_blocks, uint64_t files, uint64_t flags, uint64_t id) {
    struct statfs s;
    memset(&s, 0, sizeof s);
    s.f_bsize = s.f_frsize = 4096;
    s.f_blocks = blocks;
    s.f_bfree = s.f_bavail = free_blocks;
    s.f_files = s.f_ffree = files;
    s.f_namelen = NAME_MAX;
    memcpy(out, &s, sizeof s);
    ukf_statfs_mark(out, type, flags, id);
    return sizeof s;
}

// Linux 6.13 and later have xattrs relative to a folder's descriptor, three times as fast as the way over /proc.
enum { SETXATTRAT = 463, GETXATTRAT, LISTXATTRAT, REMOVEXATTRAT };
struct xattr_arguments { uint64_t value; uint32_t size, flags; };

static int has_xattrat(void) {
    static int known; // 1: there are, -1: there are none
    if (!known) {
        struct xattr_arguments none = {0};
        long n = syscall(GETXATTRAT, AT_FDCWD, "/", 0, "user.ukontainer.stat", &none, sizeof none);
        // A filter may refuse what it does not know with EPERM.
        known = n < 0 && (errno == ENOSYS || errno == EPERM) ? -1 : 1;
    }
    return known > 0;
}

/// Whether `path` is one that the calls relative to a descriptor take: of an O_PATH descriptor itself they know nothing.
static int is_relative(int dirfd, const char *path) { return dirfd != AT_FDCWD && *path && has_xattrat(); }

// Without them the descriptor's entry in /proc stands for the folder.
#define WITH_PATH(direct, followed)                                                                                    \
    char room[64 + PATH_MAX];                                                                                          \
    const char *full = path;                                                                                           \
    size_t length = strlen(path);                                                                                      \
    if (dirfd != AT_FDCWD) {                                                                                           \
        if (length >= PATH_MAX) return -ENAMETOOLONG;                                                                  \
        int n = snprintf(room, 64, "/proc/self/fd/%d", dirfd);                                                         \
        if (length) {                                                                                                  \
            room[n++] = '/';                                                                                           \
            memcpy(room + n, path, length + 1);                                                                        \
        }                                                                                                              \
        full = room;                                                                                                   \
    }                                                                                                                  \
    __auto_type value_ = length && dirfd != AT_FDCWD ? direct : followed;                                              \
    return value_ < 0 ? -errno : value_

static long with_errno(long value) { return value < 0 ? -errno : value; }

ssize_t ukf_getxattr(int dirfd, const char *path, const char *name, void *buffer, size_t size) {
    if (is_relative(dirfd, path)) {
        struct xattr_arguments arguments = {(uint64_t)(uintptr_t)buffer, (uint32_t)size, 0};
        return with_errno(
            syscall(GETXATTRAT, dirfd, path, AT_SYMLINK_NOFOLLOW, name, &arguments, sizeof arguments));
    }
    WITH_PATH(lgetxattr(full, name, buffer, size), getxattr(full, name, buffer, size));
}

int ukf_setxattr(int dirfd, const char *path, const char *name, const void *value, size_t size, int flags) {
    if (is_relative(dirfd, path)) {
        struct xattr_arguments arguments = {(uint64_t)(uintptr_t)value, (uint32_t)size, (uint32_t)flags};
        return (int)with_errno(
            syscall(SETXATTRAT, dirfd, path, AT_SYMLINK_NOFOLLOW, name, &arguments, sizeof arguments));
    }
    WITH_PATH(lsetxattr(full, name, value, size, flags), setxattr(full, name, value, size, flags));
}

ssize_t ukf_listxattr(int dirfd, const char *path, char *buffer, size_t size) {
    if (is_relative(dirfd, path))
        return with_errno(syscall(LISTXATTRAT, dirfd, path, AT_SYMLINK_NOFOLLOW, buffer, size));
    WITH_PATH(llistxattr(full, buffer, size), listxattr(full, buffer, size));
}

int ukf_removexattr(int dirfd, const char *path, const char *name) {
    if (is_relative(dirfd, path))
        return (int)with_errno(syscall(REMOVEXATTRAT, dirfd, path, AT_SYMLINK_NOFOLLOW, name));
    WITH_PATH(lremovexattr(full, name), removexattr(full, name));
}

int ukf_terminal_number(int master) {
    unsigned number;
    return ioctl(master, TIOCGPTN, &number) < 0 ? -errno : (int)number;
}

int ukf_pidfd_getfd(int pidfd, int fd) { return result(syscall(SYS_pidfd_getfd, pidfd, fd, 0)); }

int ukf_stat_fetched(int pidfd, int fd, struct ukf_stat *out) {
    int fetched = ukf_pidfd_getfd(pidfd, fd);
    if (fetched < 0) return fetched;
    int error = ukf_stat(fetched, "", AT_EMPTY_PATH, out);
    close(fetched);
    return error;
}

int ukf_inotify_add(int inotify, int fd, uint32_t mask) {
    char path[40];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return result(inotify_add_watch(inotify, path, mask));
}
