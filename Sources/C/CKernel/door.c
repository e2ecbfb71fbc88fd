#define _GNU_SOURCE 1
#include "CKernel.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif

static int result(long value) { return value < 0 ? -errno : (int)value; }

int ukk_receive(int listener, struct seccomp_notif *notification) {
    memset(notification, 0, sizeof *notification);
    return result(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, notification));
}

static int answer(int listener, uint64_t id, int64_t value, int error) {
    struct seccomp_notif_resp response = {.id = id, .val = error ? 0 : value, .error = -error};
    return result(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response));
}

int ukk_answer(int listener, uint64_t id, int64_t value, int error) {
    ukk_part();
    return answer(listener, id, value, error);
}

int ukk_let_out(int listener, uint64_t id) { return answer(listener, id, 0, 512); }

int ukk_continue(int listener, uint64_t id) {
    ukk_part();
    struct seccomp_notif_resp response = {.id = id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
    return result(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response));
}

int ukk_add_descriptor(
    int listener, uint64_t id, pid_t caller, int fd, int number, int close_on_exec, int send) {
    uint64_t begun;
    int met = ukk_meet_if_faster(caller, &begun);
    struct seccomp_notif_addfd add = {
        .id = id,
        .flags = (number >= 0 ? SECCOMP_ADDFD_FLAG_SETFD : 0) | (send && !met ? SECCOMP_ADDFD_FLAG_SEND : 0),
        .srcfd = fd,
        .newfd = number >= 0 ? number : 0,
        .newfd_flags = close_on_exec ? O_CLOEXEC : 0,
    };
    int added = result(ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add));
    if (send && met && added >= 0) ukk_answer(listener, id, added, 0);
    if (added >= 0) ukk_took(met, begun);
    return added;
}

int ukk_is_waiting(int listener, uint64_t id) { return ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0; }

int ukk_is_deserted(int listener) {
    struct pollfd poll_listener = {.fd = listener};
    return poll(&poll_listener, 1, 0) > 0 && poll_listener.revents & POLLHUP;
}

int ukk_set_synchronous(int listener) { return result(ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, 1UL)); }

ssize_t ukk_read_memory(pid_t pid, uint64_t address, void *buffer, size_t size) {
    struct iovec here = {buffer, size}, there = {(void *)address, size};
    ssize_t n = process_vm_readv(pid, &here, 1, &there, 1, 0);
    return n < 0 ? -errno : n;
}

ssize_t ukk_write_memory(pid_t pid, uint64_t address, const void *buffer, size_t size) {
    struct iovec here = {(void *)buffer, size}, there = {(void *)address, size};
    ssize_t n = process_vm_writev(pid, &here, 1, &there, 1, 0);
    return n < 0 ? -errno : n;
}

ssize_t ukk_poke(pid_t pid, uint64_t address, const void *buffer, size_t size) {
    char path[40];
    snprintf(path, sizeof path, "/proc/%d/mem", pid);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return -errno;
    ssize_t n = pwrite(fd, buffer, size, (off_t)address);
    if (n < 0) n = -errno;
    close(fd);
    return n;
}

ssize_t ukk_receive_packet(int socket, void *data, size_t size, int *fd) {
    struct iovec iov = {data, size};
    union { char room[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control;
    struct msghdr message = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room};
    ssize_t n;
    *fd = -1;
    while ((n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) {}
    if (n < 0) return -errno;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
        memcpy(fd, CMSG_DATA(header), sizeof *fd);
    return n;
}

ssize_t ukk_send_datagram(
    int socket, const void *data, size_t size, const int *fds, int count, const void *name, unsigned name_size, int flags) {
    struct iovec iov = {(void *)data, size};
    union { char room[CMSG_SPACE(sizeof(int) * UKK_MOST_DESCRIPTORS)]; struct cmsghdr align; } control;
    struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1, .msg_name = (void *)name, .msg_namelen = name_size};
    if (count > 0 && count <= UKK_MOST_DESCRIPTORS) {
        size_t length = sizeof(int) * (size_t)count;
        memset(&control, 0, sizeof control);
        message.msg_control = control.room;
        message.msg_controllen = CMSG_SPACE(length);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(length);
        memcpy(CMSG_DATA(header), fds, length);
    }
    ssize_t n = sendmsg(socket, &message, flags | MSG_NOSIGNAL);
    return n < 0 ? -errno : n;
}

ssize_t ukk_receive_datagram(int socket, void *data, size_t size, int *fds, int *count, int *end) {
    struct iovec iov = {data, size};
    union {
        char room[CMSG_SPACE(sizeof(int) * UKK_MOST_DESCRIPTORS) + CMSG_SPACE(sizeof(struct ucred))];
        struct cmsghdr align;
    } control;
    struct msghdr message = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room};
    ssize_t n;
    *count = 0;
    *end = 1;
    while ((n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT)) < 0 && errno == EINTR) {}
    if (n < 0) return -errno;
    for (struct cmsghdr *h = CMSG_FIRSTHDR(&message); h; h = CMSG_NXTHDR(&message, h)) {
        *end = 0;
        if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS) continue;
        *count = (int)((h->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(fds, CMSG_DATA(h), sizeof(int) * (size_t)*count);
    }
    return n;
}

int ukk_accept_own(int listener) {
    for (;;) {
        int end = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (end < 0 && errno == EINTR) continue;
        if (end < 0) return -errno;
        struct ucred peer;
        socklen_t size = sizeof peer;
        if (getsockopt(end, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.pid == getpid()) return end;
        close(end);
    }
}

void ukk_close_soon(int fd) {
    struct linger none = {0, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    close(fd);
}

int ukk_socket_pair(int *one, int *other) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0) return -errno;
    *one = ends[0];
    *other = ends[1];
    return 0;
}

int ukk_send_descriptors(int socket, const void *data, size_t size, const int *descriptors, int count) {
    struct iovec iov = {(void *)data, size};
    union { char room[CMSG_SPACE(sizeof(int) * 64)]; struct cmsghdr align; } control;
    if (count > 64) return -EINVAL;
    memset(&control, 0, sizeof control);
    control.align.cmsg_level = SOL_SOCKET;
    control.align.cmsg_type = SCM_RIGHTS;
    control.align.cmsg_len = CMSG_LEN(sizeof(int) * (size_t)count);
    memcpy(CMSG_DATA(&control.align), descriptors, sizeof(int) * (size_t)count);
    struct msghdr message = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.room,
        .msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)count)};
    return sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

// struct sched_attr of `linux/sched/types.h`, first version.
struct scheduling {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
};

void ukk_be_prompt(void) {
    struct scheduling attributes = {.size = sizeof attributes};
    // Only the length of a turn, in nanoseconds, is changed; an older kernel ignores it.
    if (syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) < 0) return;
    attributes.runtime = 100000;
    syscall(SYS_sched_setattr, 0, &attributes, 0);
}

int ukk_cpu_time(pid_t pid, uint64_t *nanoseconds) {
    struct timespec time;
    // What clock_getcpuclockid(3) makes, without asking whether there is such a process.
    clockid_t clock = (clockid_t)(~(unsigned)pid << 3 | 2);
    if (clock_gettime(clock, &time) < 0) return -errno;
    *nanoseconds = (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
    return 0;
}

int ukk_eventfd(void) { return result(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }
int ukk_memfd(const char *name) { return result(memfd_create(name, MFD_CLOEXEC)); }
int ukk_pidfd_open(pid_t pid) { return result(syscall(SYS_pidfd_open, pid, 0)); }
// linux/pidfd.h of Linux 6.13: what PIDFD_GET_INFO fills in, as far as it goes here.
struct pidfd_kin {
    uint64_t mask, cgroup;
    uint32_t pid, tgid, ppid, ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
    int32_t exit_code;
};
enum { OF_THREAD = O_EXCL };

int ukk_kin(pid_t thread, pid_t *process, pid_t *parent, int *pidfd) {
    static int is_missing;
    *pidfd = -1;
    if (is_missing) return -ENOSYS;
    int fd = (int)syscall(SYS_pidfd_open, thread, 0), is_first = fd >= 0;
    // Another thread than a process's first.
    if (fd < 0 && errno != ESRCH) fd = (int)syscall(SYS_pidfd_open, thread, OF_THREAD);
    if (fd < 0) return errno == ESRCH ? -ESRCH : -ENOSYS;
    struct pidfd_kin kin = {.mask = 0};
    int error = ioctl(fd, _IOWR(0xFF, 11, struct pidfd_kin), &kin) < 0 ? errno : 0;
    if (error || !kin.ppid || !is_first) close(fd);
    else *pidfd = fd;
    if (error == ESRCH) return -ESRCH;
    is_missing = error != 0;
    if (error || !kin.ppid) return -ENOSYS;
    *process = (pid_t)kin.tgid;
    *parent = (pid_t)kin.ppid;
    return 0;
}

int ukk_tgkill(pid_t process, pid_t thread, int signal) {
    return result(syscall(SYS_tgkill, process, thread, signal));
}
long ukk_raw(long number, long a, long b, long c, long d, long e, long f) {
    long value = syscall(number, a, b, c, d, e, f);
    return value < 0 ? -errno : value;
}
int ukk_prlimit(pid_t pid, unsigned resource, const uint64_t *new_limits, uint64_t *old_limits) {
    return result(syscall(SYS_prlimit64, pid, resource, new_limits, old_limits));
}
int ukk_schedule(
    pid_t pid, uint32_t policy, uint64_t flags, int32_t nice, uint32_t priority, uint64_t runtime, uint64_t deadline,
    uint64_t period) {
    struct scheduling attributes = {sizeof attributes, policy, flags, nice, priority, runtime, deadline, period};
    return result(syscall(SYS_sched_setattr, pid, &attributes, 0));
}
int ukk_set_io_priority(pid_t pid, int priority) { return result(syscall(SYS_ioprio_set, 1, pid, priority)); }
int ukk_open_path(const char *path) { return result(open(path, O_PATH | O_CLOEXEC)); }

void ukk_rest(void) {
    malloc_trim(0);
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[512];
    while (maps && fgets(line, sizeof line, maps)) {
        unsigned long from, to;
        char mode[5];
        if (sscanf(line, "%lx-%lx %4s", &from, &to, mode) != 3 || strcmp(mode, "r-xp") != 0) continue;
        // Text is never written, so the file has it all. (The vdso has no file, and refuses.)
        madvise((void *)from, to - from, MADV_DONTNEED);
    }
    if (maps) fclose(maps);
}

void ukk_keep_small(void) {
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_TRIM_THRESHOLD, 512 << 10);
    mallopt(M_TOP_PAD, 64 << 10);
}
