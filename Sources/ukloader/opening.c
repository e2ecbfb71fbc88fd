// Descriptors that are kept ready for what will be opened next: a part of the answering code (inside.c).
#include "inside.h"

/// Whether a descriptor is one that is kept ready, which the program knows nothing of.
int uki_is_hidden(int descriptor, const struct stat *host) {
    if (descriptor < UKI_FIRST_KEPT || acquire(&page()->ready) < 2) return 0;
    const struct uki_own *o = (const struct uki_own *)UKI_OWN;
    if (descriptor == o->socket) return host->dev == o->socket_dev && host->ino == o->socket_ino;
    for (u32 i = 0; i < UKI_KEPT; i++)
        if (o->kept[i].descriptor == descriptor)
            return host->dev == o->kept[i].host_dev && host->ino == o->kept[i].host_ino;
    return 0;
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
struct answer uki_open(const struct call *call, int descriptor, u64 path, u32 flags) {
    struct uki_name found;
    if (flags & CREATES && flags & OPEN_FOLDER) return NOT_DONE;
    enum outcome outcome = uki_walk(call, descriptor, path, !(flags & OPEN_NO_FOLLOW), &found);
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
