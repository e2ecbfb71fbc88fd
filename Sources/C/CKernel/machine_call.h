// The one place that knows how the machine calls the host's kernel; of use without a C library as well.
#pragma once

#if defined(__x86_64__)

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
#error "this machine's system calls are not described yet"
#endif
