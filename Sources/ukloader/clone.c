// clone3(2), done by the caller itself as clone(2).
//
// clone3(2) takes its flags from memory, where another thread may change them after somebody has looked at them. clone(2) has
// them in registers, where the filter sees what the host will do. So ukernel leads a caller of clone3(2) here, or to the call
// site's stub that leads here, and this code calls clone(2). It has no rights that the program has not.
//
// What clone(2) needs other registers for is put back afterwards, in the parent and in the child: C libraries rely on that.
#include "calls.h"

enum {
    NR_MMAP = 9, NR_SIGACTION = 13, NR_GETTID = 186,
    BAD_NUMBER = -9, BAD_ADDRESS = -14, NOT_PERMITTED = -1, INVALID = -22, TOO_BIG = -7,
    // The structure as it was at first, and as far as it is known here.
    FIRST_SIZE = 64, KNOWN_SIZE = 88, PAGE = 4096,
    SIGNAL_MASK = 0xff, LAST_SIGNAL = 64, NEW_TIME = 0x80,
    SHARES_MEMORY = 0x100, SHARES_HANDLERS = 0x800, PIDFD = 0x1000, PARENT_WAITS = 0x4000, SAME_PARENT = 0x8000, THREAD = 0x10000,
    TELLS_PARENT = 0x100000, DETACHED = 0x400000, MOST_IDS = 32,
    ROOM = 65536, LEAST_STACK = 1024,
};
#define CLEARS_HANDLERS (1ULL << 32)
#define INTO_CGROUP (1ULL << 33)
#define HIGHEST_ADDRESS 0x7ffffffff000ULL

/// clone3(2)'s structure.
struct arguments {
    u64 flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

/// What a parent and its child come back with: on the caller's stack, and at the top of the child's when it has one of its own.
/// The assembly below knows the order.
struct frame {
    u64 flags, stack, parent_tid, child_tid, tls; // clone(2)'s arguments
    i64 result;
    u64 rdi, rsi, rdx, r10, r8, r9; // the caller's
    u64 back, stack_pointer;        // where it goes on
    u64 has_more;                   // whether something is left to do behind the call
    u64 told;                       // where the child's number goes, when clone(2) does not write it
    u64 clears;
    u64 room; // a stack that is to be given back
};

struct ready {
    struct frame *frame;
    u64 calls; // whether clone(2) is to be called
};

static int are_readable(u64 at, u64 size) {
    if (at > HIGHEST_ADDRESS) return 0;
    for (u64 word = at; word < at + size; word = (word | (PAGE - 1)) + 1)
        if (!is_readable(word)) return 0;
    return 1;
}

/// Reads the structure. 0, or what the caller is told.
static i64 read_arguments(u64 at, u64 size, struct arguments *out) {
    if (size > PAGE) return TOO_BIG;
    if (size < FIRST_SIZE) return INVALID;
    if (!are_readable(at, size)) return BAD_ADDRESS;
    const volatile unsigned char *bytes = (const volatile unsigned char *)at;
    for (u64 i = KNOWN_SIZE; i < size; i++)
        if (bytes[i]) return TOO_BIG;
    volatile unsigned char *to = (volatile unsigned char *)out;
    for (u64 i = 0; i < KNOWN_SIZE; i++) to[i] = i < size ? bytes[i] : 0;
    return 0;
}

/// What clone3(2) asks of its arguments beyond what clone(2) does. Nothing of what needs capabilities outside is to be had.
static i64 check(const struct arguments *a, u64 size) {
    if (a->set_tid_size > MOST_IDS || !a->set_tid != !a->set_tid_size) return INVALID;
    if (a->exit_signal > LAST_SIGNAL) return INVALID;
    if (a->flags & INTO_CGROUP && (a->cgroup > INT32_MAX || size < KNOWN_SIZE)) return INVALID;
    if (a->flags & ~(0xffffffffULL | CLEARS_HANDLERS | INTO_CGROUP)) return INVALID;
    if (a->flags & (DETACHED | (SIGNAL_MASK & ~NEW_TIME))) return INVALID;
    if (a->flags & SHARES_HANDLERS && a->flags & CLEARS_HANDLERS) return INVALID;
    if (a->flags & (THREAD | SAME_PARENT) && a->exit_signal) return INVALID;
    if (!a->stack != !a->stack_size) return INVALID;
    if (a->stack > HIGHEST_ADDRESS || a->stack_size > HIGHEST_ADDRESS - a->stack) return INVALID;
    if (a->stack && a->stack_size < LEAST_STACK) return INVALID;
    if (a->flags & PIDFD && a->flags & TELLS_PARENT && a->pidfd == a->parent_tid) return INVALID;
    if (a->set_tid_size || a->flags & NEW_TIME) return NOT_PERMITTED;
    // None that there is inside is one of a control group.
    if (a->flags & INTO_CGROUP) return BAD_NUMBER;
    return 0;
}

static struct frame *copy(const struct frame *frame, u64 top) {
    struct frame *to = (struct frame *)((top - sizeof *frame) & ~15ULL);
    const volatile u64 *from = (const volatile u64 *)frame;
    for (unsigned i = 0; i < sizeof *frame / 8; i++) ((volatile u64 *)to)[i] = from[i];
    return to;
}

/// Before clone(2): `frame` holds the caller's registers.
__attribute__((used)) struct ready ukc_prepare(struct frame *frame) {
    struct arguments a;
    frame->room = 0;
    frame->result = read_arguments(frame->rdi, frame->rsi, &a);
    if (!frame->result) frame->result = check(&a, frame->rsi);
    if (frame->result) return (struct ready){frame, 0};
    frame->flags = (a.flags & 0xffffffff) | a.exit_signal;
    frame->clears = a.flags & CLEARS_HANDLERS;
    frame->told = 0;
    frame->parent_tid = a.parent_tid;
    // clone(2) has one argument for both.
    if (a.flags & PIDFD) {
        frame->flags &= ~(u64)TELLS_PARENT;
        frame->parent_tid = a.pidfd;
        if (a.flags & TELLS_PARENT && is_readable(a.parent_tid)) frame->told = a.parent_tid;
    }
    frame->has_more = frame->clears || frame->told;
    frame->child_tid = a.child_tid;
    frame->tls = a.tls;
    frame->stack = 0;
    if (a.stack) {
        struct frame *child = copy(frame, a.stack + a.stack_size);
        child->stack_pointer = a.stack + a.stack_size;
        frame->stack = (u64)child;
    } else if (a.flags & SHARES_MEMORY) {
        // Both use the same stack, below which a child that comes first would leave nothing as it was.
        i64 room = machine_call(NR_MMAP, 0, ROOM, 3, 0x22, (u64)-1, 0);
        if (room < 0 && room > -PAGE) {
            frame->result = room;
            return (struct ready){frame, 0};
        }
        frame->has_more = 1;
        frame->room = a.flags & PARENT_WAITS ? (u64)room : 0;
        return (struct ready){copy(frame, (u64)room + ROOM), 1};
    }
    return (struct ready){frame, 1};
}

/// As the host clears them: what is ignored stays so.
static void clear_handlers(void) {
    struct {
        u64 handler, flags, restorer, mask;
    } action;
    for (u64 signal = 1; signal <= LAST_SIGNAL; signal++) {
        if (machine_call(NR_SIGACTION, signal, 0, (u64)&action, 8, 0, 0) || action.handler <= 1) continue;
        action.handler = action.flags = action.restorer = action.mask = 0;
        machine_call(NR_SIGACTION, signal, (u64)&action, 0, 8, 0, 0);
    }
}

/// Behind clone(2), in the parent and in the child: where to go on from.
__attribute__((used)) struct frame *ukc_finish(struct frame *frame) {
    if (frame->result == 0) {
        if (frame->clears) clear_handlers();
        if (frame->told && frame->flags & SHARES_MEMORY) *(volatile int *)frame->told = (int)machine_call(NR_GETTID, 0, 0, 0, 0, 0, 0);
        return frame;
    }
    if (frame->told && frame->result > 0) *(volatile int *)frame->told = (int)frame->result;
    return frame->room ? copy(frame, frame->stack_pointer - 128) : frame;
}

// The number of clone3(2) in eax, the way back in rcx, all other registers the caller's.
__asm__(
    ".globl ukc_entry\n"
    "ukc_entry:\n"
    "  lea -272(%rsp), %rsp\n" // what lies below the caller's stack pointer (128), and the frame (144)
    "  mov %rdi, 48(%rsp)\n mov %rsi, 56(%rsp)\n mov %rdx, 64(%rsp)\n"
    "  mov %r10, 72(%rsp)\n mov %r8, 80(%rsp)\n mov %r9, 88(%rsp)\n"
    "  mov %rcx, 96(%rsp)\n"
    "  lea 272(%rsp), %rdi\n mov %rdi, 104(%rsp)\n"
    "  mov %rsp, %rdi\n"
    "  call ukc_prepare\n"
    "  mov %rax, %rsp\n"
    "  test %edx, %edx\n"
    "  jz 2f\n"
    "  mov (%rsp), %rdi\n mov 8(%rsp), %rsi\n mov 16(%rsp), %rdx\n mov 24(%rsp), %r10\n mov 32(%rsp), %r8\n"
    // As C libraries have it: ukernel sees by it which call a signal has taken away.
    "  mov $56, %eax\n"
    "  syscall\n"
    "  mov %rax, 40(%rsp)\n"
    "  cmpq $0, 112(%rsp)\n"
    "  je 2f\n"
    "  mov %rsp, %rdi\n"
    "  call ukc_finish\n"
    "  mov %rax, %rsp\n"
    "  mov 136(%rsp), %rdi\n"
    "  test %rdi, %rdi\n"
    "  jz 2f\n"
    "  cmpq $0, 40(%rsp)\n" // the parent's, who comes second
    "  je 2f\n"
    "  mov $65536, %esi\n"
    "  mov $11, %eax\n" // munmap
    "  syscall\n"
    "2:\n"
    "  mov 48(%rsp), %rdi\n mov 56(%rsp), %rsi\n mov 64(%rsp), %rdx\n"
    "  mov 72(%rsp), %r10\n mov 80(%rsp), %r8\n mov 88(%rsp), %r9\n"
    "  mov 96(%rsp), %rcx\n"
    "  mov 40(%rsp), %rax\n"
    "  mov 104(%rsp), %rsp\n"
    "  jmp *%rcx\n");
