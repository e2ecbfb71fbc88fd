// What Swift cannot say by itself: seccomp notifications, Landlock, ptrace, and a process that lives between fork and exec.
#pragma once
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "LoaderPlan.h"

// The door: seccomp user notification (seccomp_unotify(2)). All return 0 or a value, or -errno.

/// Waits for a notification. -ENOENT: the caller was gone before it could be read.
int ukk_receive(int listener, struct seccomp_notif *notification);
/// Answers with `value`, or with `error` (positive) when that is not 0.
int ukk_answer(int listener, uint64_t id, int64_t value, int error);
/// Lets the host's kernel do the call.
int ukk_continue(int listener, uint64_t id);
/// Gives the caller a duplicate of `fd`, at `number` or (-1) at the lowest free. With `send` that number is the answer.
/// `caller` is met (`ukk_meet`) for this.
int ukk_add_descriptor(
    int listener, uint64_t id, pid_t caller, int fd, int number, int close_on_exec, int send);
/// Has this thread and `other`, a caller that waits, stay on one processor while one wakes the other, until `ukk_part` or an
/// answer: five times faster. Whether they do; nobody (0) is not met, nor who may not run here.
int ukk_meet(pid_t other);
/// The same, if it was the faster way lately. Afterwards `ukk_took` has to be told what this returned, and `begun`.
int ukk_meet_if_faster(pid_t other, uint64_t *begun);
void ukk_took(int met, uint64_t begun);
void ukk_part(void);
/// Ends a call with ERESTARTSYS for a caller that is to stop before it comes back to its program: who met it still does.
int ukk_let_out(int listener, uint64_t id);
int ukk_is_waiting(int listener, uint64_t id);
/// Whether no process is left that could call.
int ukk_is_deserted(int listener);
/// Wakes each other on the same processor: ten times faster where Linux can (6.6).
int ukk_set_synchronous(int listener);

// Another process's memory.
ssize_t ukk_read_memory(pid_t pid, uint64_t address, void *buffer, size_t size);
ssize_t ukk_write_memory(pid_t pid, uint64_t address, const void *buffer, size_t size);
/// Writes also where the process itself may not: to its own copy of a page.
ssize_t ukk_poke(pid_t pid, uint64_t address, const void *buffer, size_t size);

/// Turns a caller's notified execve or execveat into `execveat(fd, empty, argv, envp, AT_EMPTY_PATH)`, which it then
/// calls by itself: stops it with ptrace, answers the notification if it must, rewrites its registers, lets it go.
/// `killable`: the filter has WAIT_KILLABLE_RECV, so that only an answer ends the wait. `empty` is the address of a NUL.
int ukk_redirect_exec(
    pid_t tid, int listener, uint64_t id, int killable, int fd, uint64_t empty, uint64_t argv, uint64_t envp);

/// Has a caller go on at `entry` instead of waiting for the answer to its call: with the call's number in rax, the way back in
/// rcx, and its other registers as they were.
int ukk_lead_to(pid_t tid, int listener, uint64_t id, int killable, uint64_t entry);
/// Has a caller do a call of at most five arguments in place of the one that waits for its answer, and come back from it
/// with `to` where the result was `from`, its registers as they were. For a thread of its own: the call may wait.
int ukk_substitute(
    pid_t tid, int listener, uint64_t id, int killable, long number, const uint64_t *arguments, long from, long to);
/// Has a caller of ptrace(2), whose call waits for its answer, bring a stopped tracee of its from the loader's first
/// instruction to the program's first, with nothing of that told to it; then it does its call again. For a thread of its
/// own: it waits for the tracee. -EPERM: the caller is traced itself. The calls of ptrace(2) that the caller is made to do
/// have `token` for their fifth argument.
int ukk_drive_tracee(pid_t tracer, int listener, uint64_t id, int killable, pid_t tracee, uint64_t token);

/// sched_setattr(2) of a process. 0 or -errno.
int ukk_schedule(
    pid_t pid, uint32_t policy, uint64_t flags, int32_t nice, uint32_t priority, uint64_t runtime, uint64_t deadline,
    uint64_t period);
/// ioprio_set(2) of a process. 0 or -errno.
int ukk_set_io_priority(pid_t pid, int priority);

// The nursery.

/// What the nursery could set up; told with the listener.
struct ukk_nursery_report {
    int32_t error;          // errno of the step that failed
    int32_t stage;          // 0: all went well; 1 no_new_privs, 2 Landlock, 3 filter
    int32_t landlock;       // ABI of the domain; 0: no Landlock
    int32_t killable;       // SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV is set
};
struct ukk_nursery_options {
    const struct sock_filter *filter;
    int filter_length;
    int loader; // descriptor of the only file that may be executed
    int socket; // SOCK_SEQPACKET, to the kernel
    int keep;   // whether it is the subreaper of all that it bears
    uint64_t secret[2];
};
/// The ABI from which on a Landlock domain keeps signals inside.
enum { UKK_LANDLOCK_SIGNALS = 6 };
/// The host's Landlock ABI; 0: it has none, or it is switched off.
int ukk_landlock_abi(void);
/// Forks the nursery. The report comes over the other end of its socket, the listener with it.
pid_t ukk_nursery_start(const struct ukk_nursery_options *options);

enum ukk_nursery_command_kind { UKK_BEAR = 1, UKK_KILL_ALL = 2 };
/// To the nursery. With UKK_BEAR come descriptors: a memfd with the arguments, then 0 to 3 for standard input, output
/// and error, or with `terminal` one that becomes all three and the controlling terminal.
struct ukk_nursery_command {
    uint32_t kind;
    uint32_t adopt;    // orphan the process at birth
    uint32_t first;    // it becomes the subreaper of its descendants
    uint32_t terminal;
    uint64_t token;    // comes back as the fourth argument of the execve that the process calls
    uint32_t argc, envc; // strings in the memfd, each with its NUL: argv, then envp
    uint64_t size;     // of the memfd
    uint32_t profile;       // instructions of a further filter, which the memfd ends in; 0: none
    uint32_t profile_flags; // SECCOMP_FILTER_FLAG_*
    uint32_t personality;   // ~0: as it is
    uint32_t padding;
};
enum ukk_nursery_event_kind { UKK_BORN = 1, UKK_ENDED = 2, UKK_REAPED = 3 };
/// From the nursery.
struct ukk_nursery_event {
    uint32_t kind;
    int32_t pid;
    int32_t status; // UKK_BORN: errno or 0; UKK_REAPED: as wait(2) has it
    uint32_t padding;
    uint64_t token;
};

/// A pair of connected SOCK_SEQPACKET sockets that do not wait.
int ukk_socket_pair(int *one, int *other);
/// Sends a message with up to 64 descriptors. 0 or -errno.
int ukk_send_descriptors(int socket, const void *data, size_t size, const int *descriptors, int count);
/// sendmsg with descriptors and recvmsg without waiting, on the nursery's socket.
ssize_t ukk_receive_packet(int socket, void *data, size_t size, int *fd);

/// The most descriptors of one message (SCM_MAX_FD of the host).
enum { UKK_MOST_DESCRIPTORS = 253 };
/// Sends one message with up to so many descriptors, without SIGPIPE; `name` may be NULL. Its size, or -errno.
ssize_t ukk_send_datagram(
    int socket, const void *data, size_t size, const int *fds, int count, const void *name, unsigned name_size, int flags);
/// Receives one message without waiting: its size, or -errno. `fds` has room for so many. `end`: there was no message, the
/// other end is gone; told on sockets with SO_PASSCRED only.
ssize_t ukk_receive_datagram(int socket, void *data, size_t size, int *fds, int *count, int *end);
/// Accepts the connection that this process made itself, without waiting; anybody else's is closed. Does not block then.
int ukk_accept_own(int listener);
/// Closes a descriptor that came from a container, without waiting for what it may have left to send (SO_LINGER).
void ukk_close_soon(int fd);

enum { UKK_AT_EMPTY_PATH = 0x1000 };
/// What the loader is called in the folder that all processes have on the host: a descriptor of the nursery.
enum { UKK_LOADER_NAME = '1' };

/// The plan's strings: an array too long for Swift's importer.
static inline char *ukk_plan_strings(struct ukl_plan *plan) { return plan->strings; }

// Odds and ends that glibc's Swift overlay lacks.
/// prlimit(2) for a pair of soft and hard limits; either may be NULL. 0 or -errno.
int ukk_prlimit(pid_t pid, unsigned resource, const uint64_t *new_limits, uint64_t *old_limits);
/// Has the calling thread scheduled soon after it is woken, at the price of shorter turns (EEVDF, Linux 6.12).
void ukk_be_prompt(void);
/// Nanoseconds of processor time that a process has used, all its threads together. 0 or -errno.
int ukk_cpu_time(pid_t pid, uint64_t *nanoseconds);
int ukk_eventfd(void);
int ukk_memfd(const char *name);
int ukk_pidfd_open(pid_t pid);
/// The process that a thread belongs to, and that one's parent; a tenth of what /proc/PID/status costs (Linux 6.13).
/// -ESRCH: there is no such thread. -ENOSYS: ask /proc. `pidfd` gets a descriptor of the process when `thread` is its first
/// one, else -1.
int ukk_kin(pid_t thread, pid_t *process, pid_t *parent, int *pidfd);
int ukk_tgkill(pid_t process, pid_t thread, int signal);
long ukk_raw(long number, long a, long b, long c, long d, long e, long f);
int ukk_open_path(const char *path);
/// Takes malloc's arenas and thresholds down: a kernel is one small process per container.
void ukk_keep_small(void);
/// Gives memory back that was needed for a while: free heap, and the program's text, which comes again page by page.
void ukk_rest(void);
