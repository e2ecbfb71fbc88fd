// The one place that knows the machine's registers.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/user.h>

#include "machine_call.h"

#if defined(__x86_64__)

typedef struct user_regs_struct machine_registers;
enum { MACHINE_CALL_SIZE = 2 };

/// Lets the stopped caller do a system call of five arguments in place of the one that it is in.
static inline void machine_set_call(machine_registers *r, long number, const uint64_t a[5]) {
    r->rip -= MACHINE_CALL_SIZE;
    r->orig_rax = (unsigned long)-1; // no restart by the host: this is the restart
    r->rax = (unsigned long)number;
    r->rdi = a[0];
    r->rsi = a[1];
    r->rdx = a[2];
    r->r10 = a[3];
    r->r8 = a[4];
}

/// Lets the stopped caller do the system call that it is in once more.
static inline void machine_repeat_call(machine_registers *r) {
    r->rip -= MACHINE_CALL_SIZE;
    r->rax = r->orig_rax;
    r->orig_rax = (unsigned long)-1;
}

/// Lets the stopped caller go on at `entry`, with the number of the system call that it is in where it was and the way back
/// where the call would have left it.
static inline void machine_enter(machine_registers *r, uint64_t entry) {
    r->rcx = r->rip;
    r->rip = entry;
    r->rax = r->orig_rax;
    r->orig_rax = (unsigned long)-1;
}

/// The caller as it was, but back from its call, which ended as `after` has it, with this result.
static inline void machine_set_result(machine_registers *r, const machine_registers *after, long result) {
    r->rip = after->rip;
    r->orig_rax = r->orig_rax == (unsigned long)-1 ? after->orig_rax : r->orig_rax;
    r->rax = (unsigned long)result;
}
static inline long machine_result(const machine_registers *r) { return (long)r->rax; }
/// Memory below the stopped caller's stack that nothing of its uses.
static inline uint64_t machine_scratch(const machine_registers *r, size_t size) {
    return (r->rsp - 128 - size) & ~(uint64_t)15;
}

#else
#error "this machine's registers are not described yet"
#endif
