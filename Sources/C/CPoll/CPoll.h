// Linux's readiness, signal and event descriptors, malloc's knobs, and the extent of a program, which the Glibc module
// leaves out.
#pragma once
#include <malloc.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/signalfd.h>

// Set by the linker.
extern char __executable_start, etext;

/// Gives the pages of the program's code back to the kernel, which fetches those that are needed again from the file.
/// Worth it in a program that sleeps for days; costs the next wake-up some soft page faults.
static inline void cpoll_release_code(void) {
    uintptr_t page = 4096;
    uintptr_t start = ((uintptr_t)&__executable_start + page - 1) & ~(page - 1), end = (uintptr_t)&etext & ~(page - 1);
    if (end > start) madvise((void *)start, end - start, MADV_DONTNEED);
}
