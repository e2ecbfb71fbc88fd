// What the parts of the answering code (inside.c) share.
#pragma once
#include "../C/CFiles/include/InsideTable.h"
#include "calls.h"

enum {
    NR_OPEN = 2, NR_CLOSE = 3, NR_STAT = 4, NR_FSTAT = 5, NR_LSTAT = 6, NR_MMAP = 9, NR_SIGPROCMASK = 14, NR_ACCESS = 21,
    NR_FCNTL = 72, NR_GETPID = 39, NR_GETCWD = 79, NR_RECVMSG = 47, NR_READLINK = 89, NR_GETTID = 186, NR_GETUID = 102, NR_GETGID = 104, NR_GETEUID = 107, NR_GETEGID = 108, NR_GETDENTS64 = 217, NR_OPENAT = 257,
    NR_NEWFSTATAT = 262, NR_READLINKAT = 267, NR_FACCESSAT = 269, NR_STATX = 332, NR_FACCESSAT2 = 439,
};
enum {
    HERE = -100, NO_FOLLOW = 0x100, NO_AUTOMOUNT = 0x800, EMPTY_PATH = 0x1000, EFFECTIVE = 0x200, SYNC = 0x6000,
    CREATES = 0100 | 020000000, OPEN_NO_FOLLOW = 0400000, OPEN_FOLDER = 0200000,
    NOT_THERE = -2, INTERRUPTED = -4, NOT_OPEN = -9, IS_THERE = -17, INVALID = -22, IS_LINK = -40,
    FILE_TYPE_LINK = 10, FILE_TYPE_FOLDER = 4, FILE_TYPE_FILE = 8, FILE_TYPE_DEVICE = 2,
    LINKS = 4, DEPTH = 16,
    TABLE_PROTECTION = 1, TABLE_FLAGS = 1 | 0x100000, // MAP_SHARED, MAP_FIXED_NOREPLACE
    OWN_PROTECTION = 3, OWN_FLAGS = 2 | 0x20 | 0x100000, // MAP_PRIVATE, MAP_ANONYMOUS, MAP_FIXED_NOREPLACE
    OPEN_NONBLOCK = 04000, OPEN_CLOSES = 02000000,
    // O_NOCTTY, O_LARGEFILE beside those.
    OPEN_HARMLESS = 0400 | OPEN_NONBLOCK | 0100000 | OPEN_NO_FOLLOW | OPEN_CLOSES,
    RECEIVE_FLAGS = 0x40 | 0x40000000, // MSG_DONTWAIT, MSG_CMSG_CLOEXEC
    DUPLICATE = 0, DUPLICATE_CLOSING = 1030, SET_FLAGS = 4,
};
/// The caller's registers, as the entry pushes them.
struct call {
    u64 number, r9, r8, r10, rdx, rsi, rdi, back;
};
struct answer {
    i64 value; // rax
    u64 is_done; // rdx
};
struct stat {
    u64 dev, ino, nlink;
    u32 mode, uid, gid, padding;
    u64 rdev;
    i64 size, blksize, blocks;
    i64 atime, atime_ns, mtime, mtime_ns, ctime, ctime_ns;
    i64 unused[3];
};
/// A call of the host's kernel: the instruction stands where the filter lets it pass.
static inline i64 native3(u64 number, u64 a, u64 b, u64 c) {
    i64 value;
    __asm__ volatile("call *%[at]"
                     : "=a"(value)
                     : "a"(number), "D"(a), "S"(b), "d"(c), [at] "r"(UKI_NATIVE)
                     : "rcx", "r11", "memory");
    return value;
}

static inline const struct uki_page *page(void) { return (const struct uki_page *)UKI_PAGE; }
static inline const char *table(void) { return (const char *)UKI_TABLE; }
static inline const struct uki_header *header(void) { return (const struct uki_header *)UKI_TABLE; }

static inline u32 acquire(const u32 *at) { return __atomic_load_n(at, __ATOMIC_ACQUIRE); }

/// A string that may end in memory that is not there.
struct text {
    const char *at;
    u64 end; // of what is known to be readable, a page's; 0: all is
};

// names.c: the caller's memory, the table, and the way through it.

/// Whether an address lies in the part of the first thread's stack that is in use.
static inline int is_on_stack(const struct call *call, u64 at) {
    enum { STACK_SPAN = 64 << 20 };
    u64 stack = (u64)call, top = page()->stack_top;
    return at >= stack && at < top && top - stack < STACK_SPAN;
}

/// Whether a structure that is about to be filled in can be written to; less than a page.
int uki_is_writable(const struct call *call, u64 at, u64 size);
/// Whether a string begins where it can be read.
int uki_text_open(const struct call *call, struct text *t, u64 at);

/// The byte that the text stands at; -1 when it cannot be read.
static inline int text_look(struct text *t) {
    if ((u64)t->at == t->end) {
        if (!is_readable(t->end)) return -1;
        t->end += 4096;
    }
    return (unsigned char)*t->at;
}

/// What a descriptor stands for, by the host's device and inode number.
int uki_find_record(struct uki_record *out, u32 generation, u64 dev, u64 ino);
/// What is told of the process that runs this.
int uki_find_process(struct uki_process *out, u32 generation);

/// ABSENT_ABOVE: a folder on the way is not there.
enum outcome { UNKNOWN, ABSENT, ABSENT_ABOVE, PRESENT };
/// Looks a path up as path_resolution(7) says, as far as the table goes.
enum outcome uki_walk(const struct call *call, int descriptor, u64 path, int follows, struct uki_name *found);

// opening.c: descriptors that are kept ready.

/// Whether a descriptor is one of those, which the program knows nothing of.
int uki_is_hidden(int descriptor, const struct stat *host);
/// open(2) of what is not there, or what a descriptor is kept of.
struct answer uki_open(const struct call *call, int descriptor, u64 path, u32 flags);

static const struct answer NOT_DONE = {0, 0};
static inline struct answer done(i64 value) { return (struct answer){value, 1}; }
