// The answering code: stat(2) and its kin, answered inside the calling process from the table that ukernel shares with it.
//
// It has no rights that the program has not: it reads what the program may read, and calls what the filter lets the program
// call. What it cannot tell for certain it leaves to the system call itself. It keeps nothing between two calls, so that
// signal handlers and threads may come in at any time, and it uses general registers alone.
#include <stdint.h>

#include "../C/CFiles/include/InsideTable.h"

typedef uint64_t u64;
typedef uint32_t u32;
typedef int64_t i64;

enum {
    NR_OPEN = 2, NR_CLOSE = 3, NR_STAT = 4, NR_FSTAT = 5, NR_LSTAT = 6, NR_MMAP = 9, NR_SIGPROCMASK = 14, NR_ACCESS = 21,
    NR_FCNTL = 72, NR_GETPID = 39, NR_GETCWD = 79, NR_RECVMSG = 47, NR_READLINK = 89, NR_GETTID = 186, NR_GETUID = 102, NR_GETGID = 104, NR_GETEUID = 107, NR_GETEGID = 108, NR_GETDENTS64 = 217, NR_OPENAT = 257,
    NR_NEWFSTATAT = 262, NR_READLINKAT = 267, NR_FACCESSAT = 269, NR_STATX = 332, NR_FACCESSAT2 = 439,
};
enum {
    HERE = -100, NO_FOLLOW = 0x100, NO_AUTOMOUNT = 0x800, EMPTY_PATH = 0x1000, EFFECTIVE = 0x200, SYNC = 0x6000,
    CREATES = 0100 | 020000000, OPEN_NO_FOLLOW = 0400000, OPEN_FOLDER = 0200000,
    NOT_THERE = -2, INTERRUPTED = -4, NOT_OPEN = -9, IS_THERE = -17, BAD_ADDRESS = -14, INVALID = -22, IS_LINK = -40,
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
#define STACK_SPAN (64UL << 20)

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

static inline i64 call4(u64 number, u64 a, u64 b, u64 c, u64 d) {
    register u64 r10 __asm__("r10") = d;
    i64 value;
    __asm__ volatile("syscall"
                     : "=a"(value)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
                     : "rcx", "r11", "memory");
    return value;
}

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

// MARK: The caller's memory

/// Whether an address lies in the part of the first thread's stack that is in use.
static int is_on_stack(const struct call *call, u64 at) {
    u64 stack = (u64)call, top = page()->stack_top;
    return at >= stack && at < top && top - stack < STACK_SPAN;
}

/// Whether memory can be read, asked of a call that does nothing but read it: an undefined way to change the signal mask.
/// (Null would mean to it that there is nothing to read.)
static int is_readable(u64 at) { return at >= 8 && call4(NR_SIGPROCMASK, ~0U, at & ~7UL, 0, 8) != BAD_ADDRESS; }

/// Whether a structure that is about to be filled in can be written to; less than a page.
static int is_writable(const struct call *call, u64 at, u64 size) {
    if (is_on_stack(call, at) && is_on_stack(call, at + size - 1)) return 1;
    if (!at || at >= at + size || call4(NR_SIGPROCMASK, 0, 0, at + size - 8, 8) < 0) return 0;
    // One page: what holds for its end holds for all of it.
    return (at ^ (at + size - 8)) < 4096 || call4(NR_SIGPROCMASK, 0, 0, at, 8) >= 0;
}

/// A string that may end in memory that is not there.
struct text {
    const char *at;
    u64 end; // of what is known to be readable, a page's; 0: all is
};

static int text_open(const struct call *call, struct text *t, u64 at) {
    t->at = (const char *)at;
    if (is_on_stack(call, at)) t->end = (page()->stack_top | 4095) + 1;
    else if (is_readable(at)) t->end = (at | 4095) + 1;
    else return 0;
    return 1;
}

/// The byte that the text stands at; -1 when it cannot be read.
static inline int text_look(struct text *t) {
    if ((u64)t->at == t->end) {
        if (!is_readable(t->end)) return -1;
        t->end += 4096;
    }
    return (unsigned char)*t->at;
}

// MARK: The table

/// Copies an entry whole. Not when it is being written.
static int snapshot(void *to, const void *from, unsigned size) {
    const volatile u64 *source = from;
    u64 *target = to;
    u32 before = acquire(from);
    if (before & 1) return 0;
    for (unsigned i = 0; i < size / 8; i++) target[i] = source[i];
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return acquire(from) == before && (u32)target[0] == before;
}

static int find_name(struct uki_name *out, u32 generation, u32 folder, u32 hash, const char *name, unsigned length) {
    const struct uki_name *set
        = (const struct uki_name *)(table() + UKI_NAMES_OFFSET) + (u64)(hash & header()->mask) * UKI_WAYS;
    for (int i = 0; i < UKI_WAYS; i++) {
        if (set[i].hash != hash || set[i].folder != folder) continue;
        if (!snapshot(out, &set[i], sizeof *out)) return 0;
        if (out->hash != hash || out->folder != folder || out->generation != generation || !out->kind
            || out->name_length != length)
            continue;
        unsigned j = 0;
        while (j < length && out->text[j] == name[j]) j++;
        if (j == length) return 1;
    }
    return 0;
}

static int find_record(struct uki_record *out, u32 generation, u64 dev, u64 ino) {
    const struct uki_record *set
        = (const struct uki_record *)(table() + UKI_RECORDS_OFFSET) + uki_record_set(dev, ino) * UKI_WAYS;
    for (int i = 0; i < UKI_WAYS; i++) {
        if (set[i].ino != ino || set[i].dev != dev) continue;
        if (!snapshot(out, &set[i], sizeof *out)) return 0;
        if (out->ino == ino && out->dev == dev && out->generation == generation) return out->flags != 0;
    }
    return 0;
}

/// Whether a folder, of which it is told what it holds at the most, does not hold a name.
static int is_left_out(u32 generation, u32 folder, u32 hash) {
    const struct uki_folder *set
        = (const struct uki_folder *)(table() + UKI_FOLDERS_OFFSET) + folder % UKI_FOLDER_SETS * UKI_WAYS;
    u32 places[2];
    uki_bits(hash, places);
    for (int i = 0; i < UKI_WAYS; i++) {
        u32 before = acquire(&set[i].sequence);
        if (set[i].folder != folder || set[i].generation != generation || before & 1) continue;
        int may_hold = 1;
        for (int j = 0; j < 2; j++)
            may_hold &= __atomic_load_n(&set[i].bits[places[j] / 64], __ATOMIC_ACQUIRE) >> places[j] % 64 & 1;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        return !may_hold && acquire(&set[i].sequence) == before;
    }
    return 0;
}

/// What is told of the process that runs this.
static int find_process(struct uki_process *out, u32 generation) {
    u32 pid = (u32)native3(NR_GETPID, 0, 0, 0);
    const struct uki_process *set
        = (const struct uki_process *)(table() + UKI_PROCESSES_OFFSET) + pid % UKI_PROCESS_SETS * UKI_WAYS;
    for (int i = 0; i < UKI_WAYS; i++)
        if (set[i].pid == pid)
            return snapshot(out, &set[i], sizeof *out) && out->pid == pid && out->generation == generation;
    return 0;
}

/// The number of the folder that the process works in; 0 when that is not known.
static u32 working_folder(u32 generation) {
    struct uki_process found;
    return find_process(&found, generation) ? found.folder : 0;
}

/// The number of the folder where a path begins.
static u32 start_folder(u32 generation, int descriptor, int is_absolute) {
    if (is_absolute) return header()->is_rooted ? 0 : header()->root;
    if (descriptor == HERE) return working_folder(generation);
    struct stat host;
    struct uki_record record;
    if (native3(NR_FSTAT, (u32)descriptor, (u64)&host, 0) != 0) return 0;
    if (!find_record(&record, generation, host.dev, host.ino) || !(record.flags & UKI_FOLDER)) return 0;
    return record.folder;
}

// MARK: Paths

/// ABSENT_ABOVE: a folder on the way is not there.
enum outcome { UNKNOWN, ABSENT, ABSENT_ABOVE, PRESENT };

/// Looks a path up as path_resolution(7) says, as far as the table goes.
static enum outcome walk(
    const struct call *call, int descriptor, u64 path, int follows, struct uki_name *found) {
    char targets[LINKS][UKI_TEXT + 4];
    struct text pending[LINKS];
    u32 above[DEPTH];
    char name[UKI_TEXT];
    unsigned depth = 0, links = 0, waiting = 0;
    enum outcome missing;
    struct text text;
    if (!text_open(call, &text, path)) return UNKNOWN;
    int byte = text_look(&text);
    if (byte <= 0) return UNKNOWN;
    u32 generation = acquire(&header()->generation);
    u32 folder = start_folder(generation, descriptor, byte == '/');
    u32 root = header()->is_rooted ? 0 : header()->root;
    if (!folder) return UNKNOWN;
    for (;;) {
        while ((byte = text_look(&text)) == '/') text.at++;
        u32 hash = uki_hash_start(folder);
        unsigned length = 0;
        while (byte > 0 && byte != '/') {
            if (length == UKI_TEXT) return UNKNOWN;
            name[length++] = (char)byte;
            hash = uki_hash_step(hash, (unsigned char)byte);
            text.at++;
            byte = text_look(&text);
        }
        if (byte < 0 || !length) return UNKNOWN;
        if (byte == '/') {
            while ((byte = text_look(&text)) == '/') text.at++;
            // With a slash behind, a name is asked for more than what stands here.
            if (byte <= 0) return UNKNOWN;
        }
        int is_last = byte == 0 && !waiting;
        if (name[0] == '.' && (length == 1 || (length == 2 && name[1] == '.'))) {
            if (is_last) return UNKNOWN;
            if (length == 2) {
                if (depth) folder = above[--depth];
                else if (folder != root) return UNKNOWN;
            }
        } else {
            missing = is_last ? ABSENT : ABSENT_ABOVE;
            hash = uki_hash_end(hash);
            if (!find_name(found, generation, folder, hash, name, length)) {
                if (is_left_out(generation, folder, hash)) goto absent;
                return UNKNOWN;
            }
            if (found->kind == UKI_ABSENT) goto absent;
            if (found->type == FILE_TYPE_LINK && (!is_last || follows)) {
                if (!(found->flags & UKI_HAS_TARGET) || links == LINKS) return UNKNOWN;
                if (found->target_length == 0 || length + found->target_length > UKI_TEXT) return UNKNOWN;
                if (byte) {
                    if (waiting == LINKS) return UNKNOWN;
                    pending[waiting++] = text;
                }
                char *target = targets[links++];
                for (unsigned i = 0; i < found->target_length; i++) target[i] = found->text[length + i];
                target[found->target_length] = 0;
                text = (struct text){target, 0};
                if (target[0] == '/') {
                    if (!root) return UNKNOWN;
                    folder = root;
                    depth = 0;
                }
                continue;
            }
            if (is_last) break;
            if (found->type != FILE_TYPE_FOLDER || !found->child || depth == DEPTH) return UNKNOWN;
            above[depth++] = folder;
            folder = found->child;
        }
        if (!byte) text = pending[--waiting];
    }
    return acquire(&header()->generation) == generation ? PRESENT : UNKNOWN;
absent:
    return acquire(&header()->generation) == generation ? missing : UNKNOWN;
}

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

static const struct answer NOT_DONE = {0, 0};
static struct answer done(i64 value) { return (struct answer){value, 1}; }

static struct answer answer_stat(const struct call *call, int descriptor, u64 path, int follows, u64 buffer, int is_statx) {
    struct uki_name found;
    switch (walk(call, descriptor, path, follows, &found)) {
    case UNKNOWN: return NOT_DONE;
    case ABSENT:
    case ABSENT_ABOVE: return done(NOT_THERE);
    case PRESENT: break;
    }
    if (!(found.flags & UKI_HAS_STAT)) return NOT_DONE;
    if (!is_writable(call, buffer, is_statx ? sizeof(struct statx) : sizeof(struct stat))) return NOT_DONE;
    if (is_statx) write_statx((struct statx *)buffer, &found);
    else write_stat((struct stat *)buffer, &found);
    return done(0);
}

/// Whether a descriptor is one that is kept ready, which the program knows nothing of.
static int is_hidden(int descriptor, const struct stat *host) {
    if (descriptor < UKI_FIRST_KEPT || acquire(&page()->ready) < 2) return 0;
    const struct uki_own *o = (const struct uki_own *)UKI_OWN;
    if (descriptor == o->socket) return host->dev == o->socket_dev && host->ino == o->socket_ino;
    for (u32 i = 0; i < UKI_KEPT; i++)
        if (o->kept[i].descriptor == descriptor)
            return host->dev == o->kept[i].host_dev && host->ino == o->kept[i].host_ino;
    return 0;
}

/// What a descriptor holds: the host's own answer, with the owner, mode and numbers that the container shows.
static struct answer answer_fstat(const struct call *call, int descriptor, u64 buffer) {
    struct stat host;
    struct uki_record record;
    i64 result = native3(NR_FSTAT, (u32)descriptor, (u64)&host, 0);
    if (result == NOT_OPEN || (result == 0 && is_hidden(descriptor, &host))) return done(NOT_OPEN);
    if (result != 0) return NOT_DONE;
    u32 generation = acquire(&header()->generation);
    if (!find_record(&record, generation, host.dev, host.ino) || !(record.flags & UKI_SHOWN)) return NOT_DONE;
    if (!is_writable(call, buffer, sizeof host)) return NOT_DONE;
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
    switch (walk(call, descriptor, path, follows, &found)) {
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
    switch (walk(call, descriptor, path, 0, &found)) {
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
    if (length < 8 ? !is_on_stack(call, buffer) || !is_on_stack(call, buffer + 8) : !is_writable(call, buffer, length))
        return NOT_DONE;
    for (u32 i = 0; i < length; i++) ((volatile char *)buffer)[i] = found.text[found.name_length + i];
    return done(length);
}

/// Whether a descriptor that is kept is what it was when it was given: the program may have closed it, and its number may
/// be another file's.
static int is_kept(const struct uki_kept *kept, int descriptor) {
    struct stat host;
    return native3(NR_FSTAT, (u32)descriptor, (u64)&host, 0) == 0 && host.dev == kept->host_dev
        && host.ino == kept->host_ino;
}

/// Whether the page of kept descriptors is this process's, and not that of one it was forked from or lends its memory to.
static int is_own(const struct uki_own *o) { return o->pid == (u32)native3(NR_GETPID, 0, 0, 0); }

/// A descriptor's duplicate where it is not in the way of the program's own; the descriptor is closed.
static int move_up(struct uki_own *o, int descriptor) {
    int high = (int)call4(NR_FCNTL, (u32)descriptor, DUPLICATE_CLOSING, UKI_FIRST_KEPT, 0);
    call4(NR_CLOSE, (u32)descriptor, 0, 0, 0);
    if (high < 0) o->is_off = 1;
    return high;
}

static void keep(struct uki_own *o, const struct uki_kept *given, int descriptor) {
    struct uki_kept *place = 0;
    for (u32 i = 0; i < UKI_KEPT && !place; i++)
        if (!o->kept[i].descriptor) place = &o->kept[i];
    if (!place) {
        place = &o->kept[o->turn++ % UKI_KEPT];
        int old = __atomic_exchange_n(&place->descriptor, 0, __ATOMIC_ACQ_REL);
        if (old && is_kept(place, old)) call4(NR_CLOSE, (u32)old, 0, 0, 0);
    }
    place->ino = given->ino;
    place->device = given->device;
    place->host_dev = given->host_dev;
    place->host_ino = given->host_ino;
    __atomic_store_n(&place->descriptor, descriptor, __ATOMIC_RELEASE);
}

struct message {
    struct {
        u64 size;
        u32 level, type;
        int descriptors[UKI_GIFTS];
    } control;
    struct uki_kept gifts[UKI_GIFTS];
};

/// Takes one message of ukernel's; returns how many descriptors were in it.
static u64 receive(struct uki_own *o) {
    struct message m;
    struct {
        void *base;
        u64 size;
    } vector = {m.gifts, sizeof m.gifts};
    struct {
        void *name;
        u64 name_size;
        void *vectors;
        u64 count;
        void *control;
        u64 control_size;
        u64 flags;
    } header = {0, 0, &vector, 1, &m.control, sizeof m.control, 0};
    i64 size = call4(NR_RECVMSG, (u32)o->socket, (u64)&header, RECEIVE_FLAGS, 0);
    if (size <= 0 || header.control_size < 16 || m.control.level != 1 || m.control.type != 1) return 0;
    u64 count = (m.control.size - 16) / 4;
    for (u64 i = 0; i < count && i < UKI_GIFTS; i++) {
        int high = move_up(o, m.control.descriptors[i]);
        if (high >= 0 && (i + 1) * sizeof(struct uki_kept) <= (u64)size) keep(o, &m.gifts[i], high);
    }
    return count;
}

/// Takes what ukernel sent, and moves it out of the way of the program's own descriptors.
static void take_given(struct uki_own *o) {
    int fresh = __atomic_exchange_n(&o->new_socket, 0, __ATOMIC_ACQ_REL);
    if (fresh) {
        int high = move_up(o, fresh - 1);
        o->socket = high < 0 ? 0 : high;
    }
    struct stat host;
    if (!o->socket) return;
    if (native3(NR_FSTAT, (u32)o->socket, (u64)&host, 0) != 0 || host.dev != o->socket_dev || host.ino != o->socket_ino) {
        o->socket = 0;
        return;
    }
    while (receive(o) == UKI_GIFTS) {}
}

/// A kept descriptor of a file becomes the program's; negative: there is none.
static i64 take_kept(struct uki_own *o, const struct uki_name *file, u32 flags) {
    for (u32 i = 0; i < UKI_KEPT; i++) {
        struct uki_kept *kept = &o->kept[i];
        if (!kept->descriptor || kept->ino != file->ino || kept->device != file->device) continue;
        // One of a device has no offset, and serves again and again.
        int is_device = file->type == FILE_TYPE_DEVICE && !(flags & OPEN_NONBLOCK);
        int descriptor = is_device ? (int)acquire((const u32 *)&kept->descriptor)
                                   : __atomic_exchange_n(&kept->descriptor, 0, __ATOMIC_ACQ_REL);
        if (!descriptor) continue;
        if (!is_kept(kept, descriptor)) {
            if (is_device) __atomic_store_n(&kept->descriptor, 0, __ATOMIC_RELEASE);
            continue;
        }
        if (is_device) return call4(NR_FCNTL, (u32)descriptor, flags & OPEN_CLOSES ? DUPLICATE_CLOSING : DUPLICATE, 0, 0);
        i64 made = call4(NR_FCNTL, (u32)descriptor, flags & OPEN_CLOSES ? DUPLICATE_CLOSING : DUPLICATE, 0, 0);
        call4(NR_CLOSE, (u32)descriptor, 0, 0, 0);
        if (made >= 0 && flags & OPEN_NONBLOCK) call4(NR_FCNTL, (u64)made, SET_FLAGS, OPEN_NONBLOCK, 0);
        return made;
    }
    return -1;
}

/// Makes the call with UKI_REQUEST behind its arguments: a sign that more descriptors may be given than the one asked for.
i64 uki_ask(const struct call *call);

/// open(2) of what is not there, or what a descriptor is kept of.
static struct answer answer_open(const struct call *call, int descriptor, u64 path, u32 flags) {
    struct uki_name found;
    if (flags & CREATES && flags & OPEN_FOLDER) return NOT_DONE;
    enum outcome outcome = walk(call, descriptor, path, !(flags & OPEN_NO_FOLLOW), &found);
    if (outcome == ABSENT_ABOVE || (outcome == ABSENT && !(flags & CREATES))) return done(NOT_THERE);
    if (flags & ~(u32)(OPEN_HARMLESS | OPEN_FOLDER)) return NOT_DONE;
    if (outcome != PRESENT) return NOT_DONE;
    // It was not to be followed.
    if (found.type == FILE_TYPE_LINK && !(flags & OPEN_FOLDER)) return done(IS_LINK);
    int is_folder = found.type == FILE_TYPE_FOLDER;
    const u32 needed = UKI_IS_PLAIN | UKI_HAS_INODE | UKI_HAS_MODE;
    int may_be_kept = (found.flags & needed) == needed && (found.mode & 0444) == 0444;
    // Of a folder ukernel wants to know in any case: what it holds may be opened next.
    if (!is_folder
        && (flags & OPEN_FOLDER || !may_be_kept || (found.type != FILE_TYPE_FILE && found.type != FILE_TYPE_DEVICE)))
        return NOT_DONE;
    struct uki_own *o = (struct uki_own *)UKI_OWN;
    if (acquire(&page()->ready) < 2 || o->is_off) return NOT_DONE;
    i64 made = may_be_kept && is_own(o) ? take_kept(o, &found, is_folder ? flags & ~(u32)OPEN_NONBLOCK : flags) : -1;
    if (made >= 0) return done(made);
    made = uki_ask(call);
    if (is_own(o)) take_given(o);
    return done(made);
}

/// Lists a folder whose own listing by the host is right.
static struct answer answer_getdents(const struct call *call) {
    struct stat host;
    struct uki_record record;
    if (native3(NR_FSTAT, (u32)call->rdi, (u64)&host, 0) != 0) return NOT_DONE;
    if (!find_record(&record, acquire(&header()->generation), host.dev, host.ino)) return NOT_DONE;
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
    if (!find_process(&found, acquire(&header()->generation))) return NOT_DONE;
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
    register u64 r8 __asm__("r8") = (u64)descriptor;
    register u64 r9 __asm__("r9") = 0;
    register u64 r10 __asm__("r10") = TABLE_FLAGS;
    u64 at;
    __asm__ volatile("syscall"
                     : "=a"(at)
                     : "a"((u64)NR_MMAP), "D"(UKI_TABLE), "S"((u64)UKI_TABLE_SIZE), "d"((u64)TABLE_PROTECTION), "r"(r10),
                       "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    call4(NR_CLOSE, (u64)descriptor, 0, 0, 0);
    if (at != UKI_TABLE && !(at == (u64)IS_THERE && is_readable(UKI_TABLE) && header()->version == UKI_VERSION)) return 0;
    r10 = OWN_FLAGS;
    r8 = (u64)-1;
    r9 = 0;
    __asm__ volatile("syscall"
                     : "=a"(at)
                     : "a"((u64)NR_MMAP), "D"(UKI_OWN), "S"((u64)UKI_PAGE_SIZE), "d"((u64)OWN_PROTECTION), "r"(r10),
                       "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
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
            if (descriptor < 0 || !text_open(call, &text, call->rsi)) return NOT_DONE;
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
    case NR_OPEN: return answer_open(call, HERE, call->rdi, (u32)call->rsi);
    case NR_OPENAT: return answer_open(call, descriptor, call->rsi, (u32)call->rdx);
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
