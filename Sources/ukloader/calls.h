// System calls of code without a C library, and the types that go with them.
#pragma once
#include <stdint.h>

#include "../C/CKernel/machine_call.h"

typedef uint64_t u64;
typedef uint32_t u32;
typedef int64_t i64;

static inline i64 call4(u64 number, u64 a, u64 b, u64 c, u64 d) {
    register u64 r10 __asm__("r10") = d;
    i64 value;
    __asm__ volatile("syscall"
                     : "=a"(value)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
                     : "rcx", "r11", "memory");
    return value;
}

/// Whether the eight bytes in which an address lies can be read: asked of rt_sigprocmask(2) with an undefined way to change the
/// signal mask, which reads them and does nothing else. (Null would mean to it that there is nothing to read.)
static inline int is_readable(u64 at) {
    enum { NR_SIGPROCMASK = 14, BAD_ADDRESS = -14 };
    return at >= 8 && call4(NR_SIGPROCMASK, ~0U, at & ~7UL, 0, 8) != BAD_ADDRESS;
}
