#define _GNU_SOURCE 1
#include "CHost.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <linux/fs.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

// Runs in the child of a vfork, on its parent's memory: it allocates nothing, and what it leaves in `*error` the parent
// reads once the child has executed its program or ended.
__attribute__((noreturn)) static void child_main(const char *path, const struct ukh_spawn_options *o, volatile int *error) {
    sigset_t none;
    sigemptyset(&none);
    for (int s = 1; s < 65; s++) signal(s, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (o->parent_death_signal) prctl(PR_SET_PDEATHSIG, o->parent_death_signal);
    if (o->new_session && setsid() < 0) goto fail;
    if (o->cwd && chdir(o->cwd) < 0) goto fail;

    // Move every source out of the way of the targets first, so that no dup2 overwrites one still needed.
    int high[64];
    if (o->fd_count > 63) { errno = EMFILE; goto fail; }
    for (int i = 0; i < o->fd_count; i++) {
        high[i] = o->fds[i] < 0 ? -1 : fcntl(o->fds[i], F_DUPFD_CLOEXEC, o->fd_count + 1);
        if (o->fds[i] >= 0 && high[i] < 0) goto fail;
    }
    for (int i = 0; i < o->fd_count; i++) {
        if (high[i] < 0) close(i);
        else if (dup2(high[i], i) < 0) goto fail;
    }
    syscall(SYS_close_range, o->fd_count, ~0U, CLOSE_RANGE_CLOEXEC);
    if (o->controlling_terminal >= 0 && ioctl(o->controlling_terminal, TIOCSCTTY, 0) < 0) goto fail;
    execve(path, (char *const *)o->argv, (char *const *)o->envp);
fail:
    *error = errno;
    _exit(127);
}

pid_t ukh_spawn(const char *path, const struct ukh_spawn_options *o) {
    volatile int error = 0;
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    // A fork would copy the page tables of a daemon of hundreds of megabytes to throw them away.
    pid_t pid = vfork();
    if (pid == 0) child_main(path, o, &error);
    if (pid < 0) error = errno;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (pid > 0 && error) {
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {}
    }
    return error ? -error : pid;
}

pid_t ukh_fork(void) {
    pid_t pid = fork();
    return pid < 0 ? -errno : pid;
}

ssize_t ukh_send_fds(int socket, const void *data, size_t length, const int *fds, int fd_count) {
    struct iovec iov = {(void *)data, length};
    union { char room[CMSG_SPACE(sizeof(int) * UKH_MOST_DESCRIPTORS)]; struct cmsghdr align; } control;
    struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
    if (fd_count > UKH_MOST_DESCRIPTORS) return -EINVAL;
    if (fd_count > 0) {
        memset(&control, 0, sizeof control);
        message.msg_control = control.room;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
        memcpy(CMSG_DATA(header), fds, sizeof(int) * fd_count);
    }
    ssize_t n;
    while ((n = sendmsg(socket, &message, MSG_NOSIGNAL)) < 0 && errno == EINTR) {}
    return n < 0 ? -errno : n;
}

ssize_t ukh_receive_fds(int socket, void *data, size_t length, int *fds, int *fd_count) {
    struct iovec iov = {data, length};
    union { char room[CMSG_SPACE(sizeof(int) * UKH_MOST_DESCRIPTORS)]; struct cmsghdr align; } control;
    struct msghdr message = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room};
    int room = *fd_count;
    *fd_count = 0;
    ssize_t n;
    while ((n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) {}
    if (n < 0) return -errno;
    for (struct cmsghdr *h = CMSG_FIRSTHDR(&message); h; h = CMSG_NXTHDR(&message, h)) {
        if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS) continue;
        int count = (int)((h->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        for (int i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(h) + i * sizeof(int), sizeof fd);
            if (*fd_count < room) fds[(*fd_count)++] = fd;
            else close(fd);
        }
    }
    return n;
}

int ukh_peer(int socket, pid_t *pid, uid_t *uid, gid_t *gid) {
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) return -errno;
    *pid = peer.pid;
    *uid = peer.uid;
    *gid = peer.gid;
    return 0;
}

int ukh_peer_has_group(int socket, gid_t group) {
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) return 0;
    if (peer.gid == group) return 1;
    gid_t few[32], *groups = few;
    size = sizeof few;
    int known = getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups, &size);
    if (known < 0 && errno == ERANGE) {
        // The size that is wanted is told; a peer's groups do not change any more.
        groups = malloc(size);
        if (groups) known = getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups, &size);
    }
    int found = 0;
    for (size_t index = 0; known == 0 && index < size / sizeof *groups; index++) found |= groups[index] == group;
    if (groups != few) free(groups);
    return found;
}

int ukh_group_number(const char *name, gid_t *group) {
    char room[16384];
    struct group entry, *found = NULL;
    int error = getgrnam_r(name, &entry, room, sizeof room, &found);
    if (error || !found) return error ? -error : -ENOENT;
    *group = entry.gr_gid;
    return 0;
}

static int result(long value) { return value < 0 ? -errno : (int)value; }

int ukh_accept(int socket) {
    int fd;
    while ((fd = accept4(socket, NULL, NULL, SOCK_CLOEXEC)) < 0 && (errno == EINTR || errno == ECONNABORTED)) {}
    return result(fd);
}

int ukh_pidfd_open(pid_t pid) { return result(syscall(SYS_pidfd_open, pid, 0)); }
int ukh_pidfd_signal(int pidfd, int signal) { return result(syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0)); }
int ukh_set_subreaper(int on) { return result(prctl(PR_SET_CHILD_SUBREAPER, on)); }

int ukh_set_nonblocking(int fd, int on) {
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0) return -errno;
    return result(fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK));
}

int ukh_set_window(int fd, uint16_t rows, uint16_t columns) {
    struct winsize size = {.ws_row = rows, .ws_col = columns};
    return result(ioctl(fd, TIOCSWINSZ, &size));
}

int ukh_get_window(int fd, uint16_t *rows, uint16_t *columns) {
    struct winsize size;
    if (ioctl(fd, TIOCGWINSZ, &size) < 0) return -errno;
    *rows = size.ws_row;
    *columns = size.ws_col;
    return 0;
}

int ukh_open_pty(int *master, int *slave, char *name, size_t name_size) {
    int m = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (m < 0) return -errno;
    if (grantpt(m) < 0 || unlockpt(m) < 0 || ptsname_r(m, name, name_size) != 0) goto fail;
    int s = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (s < 0) goto fail;
    *master = m;
    *slave = s;
    return 0;
fail:;
    int error = errno;
    close(m);
    return -error;
}

int ukh_exit_code(int status) {
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
int ukh_wifstopped(int status) { return WIFSTOPPED(status); }
void ukh_begin_writing(int file, off_t offset, off_t count) {
    sync_file_range(file, offset, count, SYNC_FILE_RANGE_WRITE);
}

int ukh_spread_folders(int folder) {
    int flags;
    if (ioctl(folder, FS_IOC_GETFLAGS, &flags) < 0) return -errno;
    if (flags & FS_TOPDIR_FL) return 0;
    flags |= FS_TOPDIR_FL;
    return result(ioctl(folder, FS_IOC_SETFLAGS, &flags));
}

long ukh_clock_ticks(void) { return sysconf(_SC_CLK_TCK); }
char **ukh_environment(void) { return environ; }

int ukh_signal_descriptor(const int *others, int count) {
    sigset_t set;
    sigfillset(&set);
    const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS};
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) sigdelset(&set, faults[i]);
    for (int i = 0; i < count; i++) sigdelset(&set, others[i]);
    int error = pthread_sigmask(SIG_BLOCK, &set, NULL);
    return error ? -error : result(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

void ukh_close_range(unsigned first, unsigned last) { syscall(SYS_close_range, first, last, 0); }

int ukh_next_signal(int descriptor) {
    struct signalfd_siginfo info;
    ssize_t n;
    while ((n = read(descriptor, &info, sizeof info)) < 0 && errno == EINTR) {}
    if (n == (ssize_t)sizeof info) return (int)info.ssi_signo;
    return n < 0 && errno != EAGAIN ? -errno : 0;
}

void ukh_end_as(int status) {
    if (!WIFSIGNALED(status)) _exit(WEXITSTATUS(status));
    int number = WTERMSIG(status);
    // No core: this is not the process that came to harm.
    prctl(PR_SET_DUMPABLE, 0);
    signal(number, SIG_DFL);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    kill(getpid(), number);
    _exit(128 + number);
}

int ukh_set_socket_timeout(int socket, int milliseconds) {
    struct timeval limit = {milliseconds / 1000, milliseconds % 1000 * 1000};
    if (setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0) return -errno;
    return result(setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit));
}
