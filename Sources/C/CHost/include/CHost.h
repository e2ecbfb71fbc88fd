// What Swift cannot say by itself on Linux: fork, control messages, and a few constants that glibc hides in macros.
#pragma once
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

/// How a child is to be born; see `ukh_spawn`.
struct ukh_spawn_options {
    const char *const *argv;
    const char *const *envp;
    const char *cwd;          // NULL: the parent's
    const int *fds;           // fds[i] becomes descriptor i of the child; -1 leaves that number closed
    int fd_count;             // every descriptor from fd_count up is closed in the child
    int new_session;          // setsid
    int controlling_terminal; // descriptor number of the child that becomes its terminal, or -1
    int parent_death_signal;  // 0: none
};

/// Starts `path`. Returns the child's pid, or -errno: also when the child's exec failed, in which case the child has
/// been reaped. Signal dispositions and mask are reset in the child.
pid_t ukh_spawn(const char *path, const struct ukh_spawn_options *options);

/// fork(2), for a program without threads. -errno.
pid_t ukh_fork(void);

/// The most descriptors of one message (SCM_MAX_FD of the host).
enum { UKH_MOST_DESCRIPTORS = 253 };

/// sendmsg with descriptors; returns bytes sent or -errno. SIGPIPE is never raised.
ssize_t ukh_send_fds(int socket, const void *data, size_t length, const int *fds, int fd_count);

/// recvmsg with descriptors (close-on-exec); `*fd_count` is room on entry, received on return. Bytes or -errno.
ssize_t ukh_receive_fds(int socket, void *data, size_t length, int *fds, int *fd_count);

/// accept4 with SOCK_CLOEXEC; descriptor or -errno.
int ukh_accept(int socket);

/// Peer of a unix socket; 0 or -errno.
int ukh_peer(int socket, pid_t *pid, uid_t *uid, gid_t *gid);
/// Whether the peer of a unix socket had `group` among its groups when it connected.
int ukh_peer_has_group(int socket, gid_t group);
/// The number of the group called `name`. 0 or -errno.
int ukh_group_number(const char *name, gid_t *group);

int ukh_pidfd_open(pid_t pid);
int ukh_pidfd_signal(int pidfd, int signal);
int ukh_set_subreaper(int on);
int ukh_set_nonblocking(int fd, int on);
int ukh_set_window(int fd, uint16_t rows, uint16_t columns);
int ukh_get_window(int fd, uint16_t *rows, uint16_t *columns);
/// Opens a pseudo-terminal pair, both close-on-exec. 0 or -errno.
int ukh_open_pty(int *master, int *slave, char *name, size_t name_size);
/// wait status helpers: exit code as shells and containerd count it (128 + signal).
int ukh_exit_code(int status);
int ukh_wifstopped(int status);
/// Ends this process as another one has ended that wait(2) gave this status: with its exit code, or by its signal.
__attribute__((noreturn)) void ukh_end_as(int status);
/// This process's environment, `environ`.
char **ukh_environment(void);
/// open(2) flags that glibc hides behind _GNU_SOURCE.
enum { UKH_O_PATH = 010000000, UKH_O_TMPFILE = 020200000 };
long ukh_clock_ticks(void);
/// Asks ext4 to take each folder in `folder` for a hierarchy of its own (`chattr +T`). 0 or -errno.
int ukh_spread_folders(int folder);
/// sync_file_range(2) of what the disk has to write, without waiting for it.
void ukh_begin_writing(int file, off_t offset, off_t count);

/// Blocks every signal that can be (but those that a fault raises, and `others`) and returns a descriptor that reads
/// them. -errno.
int ukh_signal_descriptor(const int *others, int count);
/// Closes the descriptors from `first` to `last`.
void ukh_close_range(unsigned first, unsigned last);
/// The next signal of `ukh_signal_descriptor`, 0 when none is waiting, or -errno.
int ukh_next_signal(int descriptor);
/// Bounds how long one send, receive or connect on a socket may take. 0 or -errno.
int ukh_set_socket_timeout(int socket, int milliseconds);

// epoll(7), one event per arming.
/// A new set; descriptor or -errno.
int ukh_poll_create(void);
/// Waits once for `fd` to become readable or writable (or hung up), which then gives `token`. 0 or -errno; -EPERM for what
/// is always ready.
int ukh_poll_arm(int poller, int fd, int for_writing, uint64_t token);
/// Takes `fd` out; before it is closed.
void ukh_poll_forget(int poller, int fd);
/// Blocks until something is ready; fills `tokens` with those of at most 64 waits and returns their number or -errno.
int ukh_poll_wait(int poller, uint64_t *tokens, int count);
