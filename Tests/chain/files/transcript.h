// What the parts of this program share: it prints what system calls over files answer, so that a run inside a container
// can be compared with a native one.
#ifndef TRANSCRIPT_H
#define TRANSCRIPT_H
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/openat2.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <utime.h>

// A call's value, a call that returns a descriptor, a call that is only prepared.
#define T(e)                 \
    do {                     \
        errno = 0;           \
        long r_ = (long)(e); \
        say(#e, r_);         \
    } while (0)
#define F(e)                            \
    do {                                \
        errno = 0;                      \
        long r_ = (long)(e);            \
        int n_ = errno;                 \
        if (r_ >= 0) close(r_), r_ = 0; \
        errno = n_;                     \
        say(#e, r_);                    \
    } while (0)
#define DO(e)                                                                \
    do {                                                                     \
        if ((long)(e) < 0) printf("! %s: %s\n", #e, strerrorname_np(errno)); \
    } while (0)
#define SECTION(name) printf("== %s\n", name), fflush(stdout)

// Runs `body` in a child as another user with no capabilities, and waits for it.
#define AS(uid, gid, ...)                              \
    do {                                               \
        fflush(stdout);                                \
        pid_t p_ = fork();                             \
        if (p_ == 0) {                                 \
            DO(setgroups(0, 0));                       \
            DO(setresgid(gid, gid, gid));              \
            DO(setresuid(uid, uid, uid));              \
            printf("-- as %d\n", uid);                 \
            __VA_ARGS__;                               \
            printf("-- back\n");                       \
            fflush(stdout);                            \
            _exit(0);                                  \
        }                                              \
        int s_;                                        \
        waitpid(p_, &s_, 0);                           \
        if (s_) printf("! child ended with %x\n", s_); \
    } while (0)

// Room for what calls return.
extern char text[8192];

void say(const char *what, long value);
const char *kind(mode_t m);
void show(const char *path);
void cat(const char *path);
void put(const char *path, const char *content);
void list(const char *path);
int openat2_(int d, const char *p, uint64_t flags, uint64_t mode, uint64_t resolve);
int renameat2_(const char *a, const char *b, unsigned flags);
long atime(const char *p);
long mtime(const char *p);
long nlink_(const char *p);
ino_t ino(const char *p);

void layers(void);
void names(void);
void renames(void);
void opening(void);
void folders(void);
void owners(void);
void attributes(void);
void data(void);
void roots(void);
#endif
