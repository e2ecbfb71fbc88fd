#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "CKernel.h"
#include "machine.h"

enum { NT_PRSTATUS_SET = 1 };

int ukk_redirect_exec(
    pid_t tid, int listener, uint64_t id, int killable, int fd, uint64_t empty, uint64_t argv, uint64_t envp) {
    if (ptrace(PTRACE_SEIZE, tid, 0, 0) < 0) return -errno;
    if (ptrace(PTRACE_INTERRUPT, tid, 0, 0) < 0) return -errno;
    // The stop is taken on the way out of the call, so a caller that only death could interrupt has to be let out.
    if (killable) ukk_answer(listener, id, 0, 512);
    int status;
    pid_t waited;
    while ((waited = waitpid(tid, &status, __WALL)) < 0 && errno == EINTR) {}
    if (waited < 0) return -errno;
    if (!WIFSTOPPED(status)) return -ESRCH;
    machine_registers registers;
    struct iovec iov = {&registers, sizeof registers};
    int error = 0;
    if (ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS_SET, &iov) < 0) error = errno;
    if (!error) {
        const uint64_t arguments[5] = {(uint64_t)fd, empty, argv, envp, AT_EMPTY_PATH};
        machine_set_call(&registers, SYS_execveat, arguments);
        if (ptrace(PTRACE_SETREGSET, tid, NT_PRSTATUS_SET, &iov) < 0) error = errno;
    }
    // A stop for a signal carries it: the caller still has to get it.
    int signal = status >> 16 ? 0 : WSTOPSIG(status);
    if (ptrace(PTRACE_DETACH, tid, 0, signal) < 0 && !error) error = errno;
    return -error;
}
