// The caller's memory, and names with what they stand for in the table that ukernel shares: a part of the answering code (inside.c).
#include "inside.h"

// MARK: The caller's memory

/// Whether a structure that is about to be filled in can be written to; less than a page.
int uki_is_writable(const struct call *call, u64 at, u64 size) {
    if (is_on_stack(call, at) && is_on_stack(call, at + size - 1)) return 1;
    if (!at || at >= at + size || call4(NR_SIGPROCMASK, 0, 0, at + size - 8, 8) < 0) return 0;
    // One page: what holds for its end holds for all of it.
    return (at ^ (at + size - 8)) < 4096 || call4(NR_SIGPROCMASK, 0, 0, at, 8) >= 0;
}

int uki_text_open(const struct call *call, struct text *t, u64 at) {
    t->at = (const char *)at;
    if (is_on_stack(call, at)) t->end = (page()->stack_top | 4095) + 1;
    else if (is_readable(at)) t->end = (at | 4095) + 1;
    else return 0;
    return 1;
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

int uki_find_record(struct uki_record *out, u32 generation, u64 dev, u64 ino) {
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
int uki_find_process(struct uki_process *out, u32 generation) {
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
    return uki_find_process(&found, generation) ? found.folder : 0;
}

/// The number of the folder where a path begins.
static u32 start_folder(u32 generation, int descriptor, int is_absolute) {
    if (is_absolute) return header()->is_rooted ? 0 : header()->root;
    if (descriptor == HERE) return working_folder(generation);
    struct stat host;
    struct uki_record record;
    if (native3(NR_FSTAT, (u32)descriptor, (u64)&host, 0) != 0) return 0;
    if (!uki_find_record(&record, generation, host.dev, host.ino) || !(record.flags & UKI_FOLDER)) return 0;
    return record.folder;
}

// MARK: Paths

/// Looks a path up as path_resolution(7) says, as far as the table goes.
enum outcome uki_walk(
    const struct call *call, int descriptor, u64 path, int follows, struct uki_name *found) {
    char targets[LINKS][UKI_TEXT + 4];
    struct text pending[LINKS];
    u32 above[DEPTH];
    char name[UKI_TEXT];
    unsigned depth = 0, links = 0, waiting = 0;
    enum outcome missing;
    struct text text;
    if (!uki_text_open(call, &text, path)) return UNKNOWN;
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
