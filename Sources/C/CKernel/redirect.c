// Callers that are stopped with ptrace while their call waits for its answer, and made to do other calls than they meant.
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "CKernel.h"
#include "machine.h"

enum { NT_PRSTATUS_SET = 1 };

static int wait_for(pid_t tid, int *status) {
    pid_t waited;
    while ((waited = waitpid(tid, status, __WALL)) < 0 && errno == EINTR) {}
    if (waited < 0) return -errno;
    return WIFSTOPPED(*status) ? 0 : -ESRCH;
}

static int get_registers(pid_t tid, machine_registers *registers) {
    struct iovec iov = {registers, sizeof *registers};
    return ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS_SET, &iov) < 0 ? -errno : 0;
}

static int set_registers(pid_t tid, machine_registers *registers) {
    struct iovec iov = {registers, sizeof *registers};
    return ptrace(PTRACE_SETREGSET, tid, NT_PRSTATUS_SET, &iov) < 0 ? -errno : 0;
}

/// Stops a caller on the way out of its notified call. -EPERM: somebody traces it already.
static int stop_caller(pid_t tid, int listener, uint64_t id, int killable, unsigned long options, int *status) {
    if (ptrace(PTRACE_SEIZE, tid, 0, options) < 0) return -errno;
    if (ptrace(PTRACE_INTERRUPT, tid, 0, 0) < 0) return -errno;
    // The stop is taken on the way out of the call, so a caller that only death could interrupt has to be let out.
    if (killable) ukk_let_out(listener, id);
    return wait_for(tid, status);
}

/// Stops a caller, has `change` set its registers, and lets it go.
static int redirect(
    pid_t tid, int listener, uint64_t id, int killable, void (*change)(machine_registers *, const uint64_t *),
    const uint64_t *values) {
    int status;
    int error = stop_caller(tid, listener, id, killable, 0, &status);
    if (error) return error;
    machine_registers registers;
    error = get_registers(tid, &registers);
    if (!error) {
        change(&registers, values);
        error = set_registers(tid, &registers);
    }
    // A stop for a signal carries it: the caller still has to get it.
    int signal = status >> 16 ? 0 : WSTOPSIG(status);
    if (ptrace(PTRACE_DETACH, tid, 0, signal) < 0 && !error) error = -errno;
    return error;
}

static void execute(machine_registers *registers, const uint64_t *arguments) {
    machine_set_call(registers, SYS_execveat, arguments);
}

int ukk_redirect_exec(
    pid_t tid, int listener, uint64_t id, int killable, int fd, uint64_t empty, uint64_t argv, uint64_t envp) {
    const uint64_t arguments[5] = {(uint64_t)fd, empty, argv, envp, AT_EMPTY_PATH};
    int error = redirect(tid, listener, id, killable, execute, arguments);
    ukk_part();
    return error;
}

static void enter(machine_registers *registers, const uint64_t *entry) { machine_enter(registers, *entry); }

int ukk_lead_to(pid_t tid, int listener, uint64_t id, int killable, uint64_t entry) {
    return redirect(tid, listener, id, killable, enter, &entry);
}

int ukk_substitute(
    pid_t tid, int listener, uint64_t id, int killable, long number, const uint64_t *arguments, long from, long to) {
    int status, calls = 0;
    int error = stop_caller(tid, listener, id, killable, PTRACE_O_TRACESYSGOOD, &status);
    if (error) return error;
    machine_registers saved, registers;
    error = get_registers(tid, &saved);
    registers = saved;
    machine_set_call(&registers, number, arguments);
    if (!error) error = set_registers(tid, &registers);
    int signal = status >> 16 ? 0 : WSTOPSIG(status);
    // A signal that comes before the call is delivered first; the caller then does its call again.
    while (!error && !signal && calls < 2) {
        if (ptrace(PTRACE_SYSCALL, tid, 0, 0) < 0) error = -errno;
        if (!error) error = wait_for(tid, &status);
        if (error) break;
        if (status >> 8 == (SIGTRAP | 0x80)) calls++;
        else if (status >> 16 == 0) signal = WSTOPSIG(status);
    }
    if (calls == 2) {
        if (get_registers(tid, &registers) == 0) {
            const long result = machine_result(&registers);
            machine_set_result(&saved, &registers, result == from ? to : result);
            set_registers(tid, &saved);
        }
    } else if (!error) {
        machine_repeat_call(&saved);
        set_registers(tid, &saved);
    }
    ptrace(PTRACE_DETACH, tid, 0, signal);
    return error;
}

// MARK: A tracer that is made to trace

struct puppet {
    pid_t tid;
    uint64_t token;
    machine_registers saved;
};

/// Has the stopped thread do one call, and returns its result.
static long puppet_call(const struct puppet *p, long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d) {
    const uint64_t arguments[5] = {a, b, c, d, number == SYS_ptrace ? p->token : 0};
    machine_registers registers = p->saved;
    machine_set_call(&registers, number, arguments);
    int error = set_registers(p->tid, &registers);
    // Two stops: on the way in and on the way out. Others are of signals that cannot be blocked, and change nothing.
    for (int stops = 0; !error && stops < 2;) {
        int status;
        if (ptrace(PTRACE_SYSCALL, p->tid, 0, 0) < 0) return -errno;
        error = wait_for(p->tid, &status);
        if (!error && status >> 8 == (SIGTRAP | 0x80)) stops++;
    }
    if (!error) error = get_registers(p->tid, &registers);
    return error ? error : machine_result(&registers);
}

/// Lets the tracee go on with `request`, and waits for its next stop as the tracer, so that the tracer never hears of it.
/// 0 when that stop is a trap, the signal when it is another one's, negative when it has ended or nothing can be done.
static int drive(const struct puppet *p, long request, pid_t tracee) {
    const uint64_t scratch = machine_scratch(&p->saved, 128);
    long error = puppet_call(p, SYS_ptrace, (uint64_t)request, (uint64_t)tracee, 0, 0);
    if (error < 0) return (int)error;
    // An end is left for the tracer to be told of.
    error = puppet_call(p, SYS_waitid, P_PID, (uint64_t)tracee, scratch, WEXITED | WSTOPPED | WNOWAIT | __WALL);
    if (error < 0) return (int)error;
    // siginfo_t: si_code at 8, si_status at 24.
    int code = (int)ptrace(PTRACE_PEEKDATA, p->tid, scratch + 8, 0);
    int signal = (int)ptrace(PTRACE_PEEKDATA, p->tid, scratch + 24, 0);
    if (code != CLD_TRAPPED) return -ESRCH;
    error = puppet_call(p, SYS_wait4, (uint64_t)tracee, 0, __WALL, 0);
    if (error < 0) return (int)error;
    return signal == SIGTRAP ? 0 : signal & 0x7f;
}

int ukk_drive_tracee(pid_t tracer, int listener, uint64_t id, int killable, pid_t tracee, uint64_t token) {
    struct puppet p = {.tid = tracer, .token = token};
    int status;
    int error = stop_caller(tracer, listener, id, killable, PTRACE_O_TRACESYSGOOD, &status);
    if (error) return error;
    uint64_t mask = 0, all = ~0ULL, held = 0;
    error = get_registers(tracer, &p.saved);
    if (!error && ptrace(PTRACE_GETSIGMASK, tracer, sizeof mask, &mask) < 0) error = -errno;
    if (!error && ptrace(PTRACE_SETSIGMASK, tracer, sizeof all, &all) < 0) error = -errno;
    if (!error) {
        int stop;
        // The tracee's own signals are kept until it is where its program begins.
        while ((stop = drive(&p, PTRACE_CONT, tracee)) > 0 && !(held & 1ULL << (stop - 1))) held |= 1ULL << (stop - 1);
        // One step more leads from the loader into the program.
        if (stop == 0) drive(&p, PTRACE_SINGLESTEP, tracee);
        for (int signal = 1; signal <= 64; signal++)
            if (held & 1ULL << (signal - 1)) syscall(SYS_tgkill, tracee, tracee, signal);
        machine_repeat_call(&p.saved);
        set_registers(tracer, &p.saved);
        ptrace(PTRACE_SETSIGMASK, tracer, sizeof mask, &mask);
    }
    int signal = status >> 16 ? 0 : WSTOPSIG(status);
    ptrace(PTRACE_DETACH, tracer, 0, signal);
    return error;
}
