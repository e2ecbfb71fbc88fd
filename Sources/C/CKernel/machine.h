// The one place that knows the machine's registers.
#pragma once
#include <stdint.h>
#include <sys/user.h>

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

/// A system call of six arguments without touching errno; the last three only carry bits.
static inline long machine_call(long number, long a, long b, long c, long d, long e, long f) {
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long value;
    __asm__ volatile("syscall"
                     : "=a"(value)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return value;
}

#else
#error "this machine's registers are not described yet"
#endif
