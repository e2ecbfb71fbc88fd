// The answering code: stat(2) and its kin, answered inside the calling process from the table that ukernel shares with it.
//
// It has no rights that the program has not: it reads what the program may read, and calls what the filter lets the program
// call. What it cannot tell for certain it leaves to the system call itself. It keeps nothing between two calls, so that
// signal handlers and threads may come in at any time, and it uses general registers alone.
#include "inside.h"

struct statx_time {
    i64 seconds;
    u32 nanoseconds;
    int32_t padding;
};
struct statx {
    u32 mask, blksize;
    u64 attributes;
    u32 nlink, uid, gid;
    uint16_t mode, padding;
    u64 ino, size, blocks, attributes_mask;
    struct statx_time atime, btime, ctime, mtime;
    u32 rdev_major, rdev_minor, dev_major, dev_minor;
    u64 mount;
    u64 spare[13];
};

// MARK: Answers

static u64 device(u64 major, u64 minor) {
    return (minor & 0xff) | (major & 0xfff) << 8 | (minor & ~0xffUL) << 12 | (major & ~0xfffUL) << 32;
}

static void clear(void *at, unsigned size) {
    for (unsigned i = 0; i < size / 8; i++) ((volatile u64 *)at)[i] = 0;
}

static const u64 NANOSECONDS = (1 << 30) - 1;

static void write_stat(struct stat *out, const struct uki_name *n) {
    clear(out, sizeof *out);
    out->dev = device(0, n->device);
    out->ino = n->ino;
    out->nlink = n->nlink;
    out->mode = (u32)n->type << 12 | n->mode;
    out->uid = n->uid;
    out->gid = n->gid;
    out->rdev = device(n->rdev_major, n->rdev_minor);
    out->size = (i64)n->size;
    out->blksize = n->blksize;
    out->blocks = (i64)n->blocks;
    out->atime = (i64)(n->times[0] >> 30);
    out->atime_ns = (i64)(n->times[0] & NANOSECONDS);
    out->mtime = (i64)(n->times[1] >> 30);
    out->mtime_ns = (i64)(n->times[1] & NANOSECONDS);
    out->ctime = (i64)(n->times[2] >> 30);
    out->ctime_ns = (i64)(n->times[2] & NANOSECONDS);
}

static void write_time(struct statx_time *out, u64 time) {
    out->seconds = (i64)(time >> 30);
    out->nanoseconds = (u32)(time & NANOSECONDS);
}

static void write_statx(struct statx *out, const struct uki_name *n) {
    clear(out, sizeof *out);
    out->mask = n->mask | 0x1000;
    out->blksize = n->blksize;
    out->attributes = n->attributes;
    out->attributes_mask = n->attributes_mask;
    out->nlink = n->nlink;
    out->uid = n->uid;
    out->gid = n->gid;
    out->mode = (uint16_t)((u32)n->type << 12 | n->mode);
    out->ino = n->ino;
    out->size = n->size;
    out->blocks = n->blocks;
    write_time(&out->atime, n->times[0]);
    write_time(&out->mtime, n->times[1]);
    write_time(&out->ctime, n->times[2]);
    write_time(&out->btime, n->times[3]);
    out->rdev_major = n->rdev_major;
    out->rdev_minor = n->rdev_minor;
    out->dev_minor = n->device;
    out->mount = n->device;
}

static struct answer answer_stat(const struct call *call, int descriptor, u64 path, int follows, u64 buffer, int is_statx) {
    struct uki_name found;
    switch (uki_walk(call, descriptor, path, follows, &found)) {
    case UNKNOWN: return NOT_DONE;
    case ABSENT:
    case ABSENT_ABOVE: return done(NOT_THERE);
    case PRESENT: break;
    }
    if (!(found.flags & UKI_HAS_STAT)) return NOT_DONE;
    if (!uki_is_writable(call, buffer, is_statx ? sizeof(struct statx) : sizeof(struct stat))) return NOT_DONE;
    if (is_statx) write_statx((struct statx *)buffer, &found);
    else write_stat((struct stat *)buffer, &found);
    return done(0);
}

/// What a descriptor holds: the host's own answer, with the owner, mode and numbers that the container shows.
static struct answer answer_fstat(const struct call *call, int descriptor, u64 buffer) {
    struct stat host;
    struct uki_record record;
    i64 result = native3(NR_FSTAT, (u32)descriptor, (u64)&host, 0);
    if (result == NOT_OPEN || (result == 0 && uki_is_hidden(descriptor, &host))) return done(NOT_OPEN);
    if (result != 0) return NOT_DONE;
    u32 generation = acquire(&header()->generation);
    if (!uki_find_record(&record, generation, host.dev, host.ino) || !(record.flags & UKI_SHOWN)) return NOT_DONE;
    if (!uki_is_writable(call, buffer, sizeof host)) return NOT_DONE;
    host.mode = (host.mode & 0170000) | record.mode;
    host.uid = record.uid;
    host.gid = record.gid;
    host.ino = record.shown;
    host.dev = device(0, record.device);
    host.rdev = 0;
    if (acquire(&header()->generation) != generation) return NOT_DONE;
    const volatile u64 *from = (const u64 *)&host;
    for (unsigned i = 0; i < sizeof host / 8; i++) ((volatile u64 *)buffer)[i] = from[i];
    return done(0);
}

/// access(2): what owner, group and everybody else may alike.
static struct answer answer_access(const struct call *call, int descriptor, u64 path, u32 wanted, int follows) {
    struct uki_name found;
    if (wanted & ~7U) return NOT_DONE;
    switch (uki_walk(call, descriptor, path, follows, &found)) {
    case UNKNOWN: return NOT_DONE;
    case ABSENT:
    case ABSENT_ABOVE: return done(NOT_THERE);
    case PRESENT: break;
    }
    if (!wanted) return done(0);
    if (wanted & 2) return NOT_DONE;
    u32 all = found.mode & found.mode >> 3 & found.mode >> 6;
    return found.flags & UKI_HAS_MODE && (wanted & ~all) == 0 ? done(0) : NOT_DONE;
}

static struct answer answer_readlink(const struct call *call, int descriptor, u64 path, u64 buffer, int size) {
    struct uki_name found;
    if (size <= 0) return NOT_DONE;
    switch (uki_walk(call, descriptor, path, 0, &found)) {
    case UNKNOWN: return NOT_DONE;
    case ABSENT:
    case ABSENT_ABOVE: return done(NOT_THERE);
    case PRESENT: break;
    }
    if (found.type != FILE_TYPE_LINK) return done(INVALID);
    if (!(found.flags & UKI_HAS_TARGET)) return NOT_DONE;
    u32 length = found.target_length;
    if (found.name_length + length > UKI_TEXT) return NOT_DONE;
    if (length > (u32)size) length = (u32)size;
    // Eight bytes are the least that can be tried.
    if (length < 8 ? !is_on_stack(call, buffer) || !is_on_stack(call, buffer + 8) : !uki_is_writable(call, buffer, length))
        return NOT_DONE;
    for (u32 i = 0; i < length; i++) ((volatile char *)buffer)[i] = found.text[found.name_length + i];
    return done(length);
}

/// Lists a folder whose own listing by the host is right.
static struct answer answer_getdents(const struct call *call) {
    struct stat host;
    struct uki_record record;
    if (native3(NR_FSTAT, (u32)call->rdi, (u64)&host, 0) != 0) return NOT_DONE;
    if (!uki_find_record(&record, acquire(&header()->generation), host.dev, host.ino)) return NOT_DONE;
    if (!(record.flags & UKI_LISTABLE)) return NOT_DONE;
    return done(native3(NR_GETDENTS64, (u32)call->rdi, call->rsi, (u32)call->rdx));
}

static i64 number(u64 which) {
    i64 host = native3(which, 0, 0, 0);
    return host == (i64)header()->first ? 1 : host;
}

/// getuid(2) and its kin.
static struct answer answer_id(u64 which) {
    struct uki_process found;
    if (!uki_find_process(&found, acquire(&header()->generation))) return NOT_DONE;
    switch (which) {
    case NR_GETUID: return done(found.uid);
    case NR_GETEUID: return done(found.effective_uid);
    case NR_GETGID: return done(found.gid);
    default: return done(found.effective_gid);
    }
}

/// A request that a signal may have taken away before ukernel had it.
static i64 request(u64 what, u64 keeps) {
    i64 result;
    while ((result = call4(NR_GETCWD, UKI_REQUEST, what, keeps, 0)) == INTERRUPTED) {}
    return result;
}

/// Maps the table, which ukernel hands over to whoever asks. It says by itself that the table is there.
///
/// A signal may come at any moment, and its handler begin here anew: it finishes what was begun, since it may be called
/// again and again before what it interrupted goes on.
static int prepare(void) {
    i64 descriptor = request(UKI_WANT_TABLE, 0);
    if (descriptor < 0) return 0;
    u64 at = (u64)machine_call(NR_MMAP, UKI_TABLE, UKI_TABLE_SIZE, TABLE_PROTECTION, TABLE_FLAGS, (u64)descriptor, 0);
    call4(NR_CLOSE, (u64)descriptor, 0, 0, 0);
    if (at != UKI_TABLE && !(at == (u64)IS_THERE && is_readable(UKI_TABLE) && header()->version == UKI_VERSION)) return 0;
    at = (u64)machine_call(NR_MMAP, UKI_OWN, UKI_PAGE_SIZE, OWN_PROTECTION, OWN_FLAGS, (u64)-1, 0);
    // What is there may be a handler's, which has told of it.
    if (at != UKI_OWN && acquire(&page()->ready)) return 1;
    return request(UKI_HAVE_TABLE, at == UKI_OWN) == 0;
}

/// Answers a call, or leaves it to the host's and ukernel's own ways.
__attribute__((used)) struct answer uki_answer(const struct call *call) {
    if (!acquire(&page()->ready) && !prepare()) return NOT_DONE;
    if (header()->version != UKI_VERSION) return NOT_DONE;
    int descriptor = (int)call->rdi;
    u32 flags;
    switch (call->number) {
    case NR_STAT: return answer_stat(call, HERE, call->rdi, 1, call->rsi, 0);
    case NR_LSTAT: return answer_stat(call, HERE, call->rdi, 0, call->rsi, 0);
    case NR_FSTAT: return answer_fstat(call, descriptor, call->rsi);
    case NR_NEWFSTATAT:
        flags = (u32)call->r10;
        if (flags & ~(u32)(NO_FOLLOW | NO_AUTOMOUNT | EMPTY_PATH)) return NOT_DONE;
        if (flags & EMPTY_PATH) {
            struct text text;
            if (descriptor < 0 || !uki_text_open(call, &text, call->rsi)) return NOT_DONE;
            if (text_look(&text) == 0) return answer_fstat(call, descriptor, call->rdx);
        }
        return answer_stat(call, descriptor, call->rsi, !(flags & NO_FOLLOW), call->rdx, 0);
    case NR_STATX:
        flags = (u32)call->rdx;
        if (flags & ~(u32)(NO_FOLLOW | NO_AUTOMOUNT | SYNC | EMPTY_PATH) || call->r10 & 0x80000000) return NOT_DONE;
        return answer_stat(call, descriptor, call->rsi, !(flags & NO_FOLLOW), call->r8, 1);
    case NR_ACCESS: return answer_access(call, HERE, call->rdi, (u32)call->rsi, 1);
    case NR_FACCESSAT: return answer_access(call, descriptor, call->rsi, (u32)call->rdx, 1);
    case NR_FACCESSAT2:
        flags = (u32)call->r10;
        if (flags & ~(u32)(NO_FOLLOW | EFFECTIVE)) return NOT_DONE;
        return answer_access(call, descriptor, call->rsi, (u32)call->rdx, !(flags & NO_FOLLOW));
    case NR_READLINK: return answer_readlink(call, HERE, call->rdi, call->rsi, (int)call->rdx);
    case NR_READLINKAT: return answer_readlink(call, descriptor, call->rsi, call->rdx, (int)call->r10);
    case NR_OPEN: return uki_open(call, HERE, call->rdi, (u32)call->rsi);
    case NR_OPENAT: return uki_open(call, descriptor, call->rsi, (u32)call->rdx);
    case NR_GETDENTS64: return answer_getdents(call);
    case NR_GETPID: return done(number(NR_GETPID));
    case NR_GETTID: return done(number(NR_GETTID));
    case NR_GETUID:
    case NR_GETEUID:
    case NR_GETGID:
    case NR_GETEGID: return answer_id(call->number);
    default: return NOT_DONE;
    }
}

// From a call site's stub: the call's number in eax, the way back in rcx. The program's registers but rax, rcx and r11 are as
// they were when it comes back, and what lies below its stack pointer is left alone.
__asm__(
    ".globl uki_entry\n"
    "uki_entry:\n"
    "  cmp $435, %eax\n" // clone3(2), see clone.c
    "  je ukc_entry\n"
    "  lea -128(%rsp), %rsp\n"
    "  push %rcx\n push %rdi\n push %rsi\n push %rdx\n push %r10\n push %r8\n push %r9\n push %rax\n"
    "  mov %rsp, %rdi\n"
    "  call uki_answer\n"
    "  test %edx, %edx\n"
    "  jz 1f\n"
    "  add $8, %rsp\n"
    "  pop %r9\n pop %r8\n pop %r10\n pop %rdx\n pop %rsi\n pop %rdi\n pop %rcx\n"
    "  lea 128(%rsp), %rsp\n"
    "  jmp *%rcx\n"
    "1:\n"
    "  pop %rax\n"
    "  pop %r9\n pop %r8\n pop %r10\n pop %rdx\n pop %rsi\n pop %rdi\n"
    // ukernel reads from the code in which register the number is, should a signal take the call away.
    "  push %rbx\n"
    "  mov %eax, %ebx\n"
    "  mov %ebx, %eax\n"
    "  syscall\n"
    "  pop %rbx\n pop %rcx\n"
    "  lea 128(%rsp), %rsp\n"
    "  jmp *%rcx\n"
    ".globl uki_ask\n"
    "uki_ask:\n"
    "  push %rbx\n"
    "  mov (%rdi), %rbx\n"
    "  mov 24(%rdi), %r10\n mov 32(%rdi), %rdx\n mov 40(%rdi), %rsi\n"
    "  mov 48(%rdi), %rdi\n"
    "  movabs $0xFFFFFFFFFFFF554C, %r8\n"
    "  mov %ebx, %eax\n"
    "  syscall\n"
    "  pop %rbx\n"
    "  ret\n");
