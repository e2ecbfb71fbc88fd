// The writer's side of the table that processes read by themselves: every entry under a sequence number that is odd while
// it is written, so that a reader sees it whole or not at all.
#define _GNU_SOURCE 1
#include "InsideTable.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

static struct uki_header *header(void *table) { return table; }

static uint32_t *begin(void *entry) {
    uint32_t *sequence = entry;
    __atomic_store_n(sequence, *sequence | 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return sequence;
}

static void end(uint32_t *sequence) { __atomic_store_n(sequence, (*sequence | 1) + 1, __ATOMIC_RELEASE); }

int uki_make(void **table) {
    int fd = memfd_create("ukernel", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
    if (fd < 0 && errno == EINVAL) fd = memfd_create("ukernel", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) return -errno;
    void *at = MAP_FAILED;
    if (ftruncate(fd, UKI_TABLE_SIZE) == 0)
        at = mmap(NULL, UKI_TABLE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED
        || fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0) {
        int error = errno;
        if (at != MAP_FAILED) munmap(at, UKI_TABLE_SIZE);
        close(fd);
        return -error;
    }
    struct uki_header *h = at;
    h->version = UKI_VERSION;
    h->generation = 1;
    h->mask = UKI_FIRST_SETS - 1;
    *table = at;
    return fd;
}

void uki_unmake(void *table, int descriptor) {
    munmap(table, UKI_TABLE_SIZE);
    close(descriptor);
}

void uki_flush(void *table) {
    struct uki_header *h = header(table);
    h->root = 0;
    // 0 is what memory that was never written says.
    uint32_t next = h->generation + 1;
    __atomic_store_n(&h->generation, next ? next : 1, __ATOMIC_SEQ_CST);
}

static struct uki_name *names(void *table, uint32_t hash) {
    return (struct uki_name *)((char *)table + UKI_NAMES_OFFSET) + (uint64_t)(hash & header(table)->mask) * UKI_WAYS;
}

static uint32_t hash_of(uint32_t folder, const void *name, unsigned length) {
    uint32_t hash = uki_hash_start(folder);
    for (unsigned i = 0; i < length; i++) hash = uki_hash_step(hash, ((const unsigned char *)name)[i]);
    return uki_hash_end(hash);
}

int uki_grow(void *table) {
    struct uki_header *h = header(table);
    if (h->pressure < (h->mask + 1) * UKI_WAYS / 4 || h->mask + 1 >= UKI_MOST_SETS) return 0;
    h->pressure = 0;
    uki_flush(table);
    h->mask = UKI_MOST_SETS - 1;
    return 1;
}

static struct uki_name *find(void *table, uint32_t hash, uint32_t folder, const void *name, unsigned length) {
    struct uki_name *set = names(table, hash);
    for (int i = 0; i < UKI_WAYS; i++)
        if (set[i].hash == hash && set[i].folder == folder && set[i].kind && set[i].name_length == length
            && set[i].generation == header(table)->generation && memcmp(set[i].text, name, length) == 0)
            return &set[i];
    return NULL;
}

const struct uki_name *uki_find(void *table, uint32_t folder, const void *name, unsigned length) {
    return find(table, hash_of(folder, name, length), folder, name, length);
}

void uki_publish(
    void *table, const struct uki_name *value, const void *name, unsigned length, const void *target,
    unsigned target_length) {
    uint32_t hash = hash_of(value->folder, name, length);
    struct uki_name *entry = find(table, hash, value->folder, name, length);
    if (!entry) {
        struct uki_name *set = names(table, hash);
        for (int i = 0; i < UKI_WAYS && !entry; i++)
            if (!set[i].kind || set[i].generation != header(table)->generation) entry = &set[i];
        if (!entry) {
            entry = &set[header(table)->turn++ % UKI_WAYS];
            header(table)->pressure++;
        }
    }
    uint32_t *sequence = begin(entry);
    memcpy((char *)entry + sizeof *sequence, (const char *)value + sizeof *sequence, sizeof *entry - sizeof *sequence);
    entry->generation = header(table)->generation;
    entry->hash = hash;
    entry->name_length = (uint8_t)length;
    memcpy(entry->text, name, length);
    if (target_length && length + target_length <= UKI_TEXT) {
        memcpy(entry->text + length, target, target_length);
        entry->target_length = target_length;
        entry->flags |= UKI_HAS_TARGET;
    }
    end(sequence);
}

void uki_forget(void *table, uint32_t folder, const void *name, unsigned length) {
    struct uki_name *entry = find(table, hash_of(folder, name, length), folder, name, length);
    if (!entry) return;
    uint32_t *sequence = begin(entry);
    entry->kind = UKI_EMPTY;
    end(sequence);
}

static struct uki_record *records(void *table, uint64_t dev, uint64_t ino) {
    return (struct uki_record *)((char *)table + UKI_RECORDS_OFFSET) + uki_record_set(dev, ino) * UKI_WAYS;
}

void uki_publish_record(void *table, const struct uki_record *value) {
    struct uki_record *set = records(table, value->dev, value->ino), *entry = NULL;
    for (int i = 0; i < UKI_WAYS && !entry; i++)
        if (set[i].dev == value->dev && set[i].ino == value->ino) entry = &set[i];
    for (int i = 0; i < UKI_WAYS && !entry; i++)
        if (!set[i].flags || set[i].generation != header(table)->generation) entry = &set[i];
    // Folders stay open for long, and all that is in them is asked for by them: files give way first.
    for (int i = 0; i < UKI_WAYS && !entry; i++) {
        struct uki_record *turn = &set[header(table)->turn++ % UKI_WAYS];
        if (!(turn->flags & UKI_FOLDER)) entry = turn;
    }
    if (!entry) entry = &set[header(table)->turn++ % UKI_WAYS];
    uint32_t *sequence = begin(entry);
    memcpy((char *)entry + sizeof *sequence, (const char *)value + sizeof *sequence, sizeof *entry - sizeof *sequence);
    entry->generation = header(table)->generation;
    end(sequence);
}

void uki_forget_record(void *table, uint64_t dev, uint64_t ino) {
    struct uki_record *set = records(table, dev, ino);
    for (int i = 0; i < UKI_WAYS; i++) {
        if (set[i].dev != dev || set[i].ino != ino || !set[i].flags) continue;
        uint32_t *sequence = begin(&set[i]);
        set[i].flags = 0;
        end(sequence);
    }
}

static struct uki_folder *folders(void *table, uint32_t folder) {
    return (struct uki_folder *)((char *)table + UKI_FOLDERS_OFFSET) + folder % UKI_FOLDER_SETS * UKI_WAYS;
}

static struct uki_folder *bounds(void *table, uint32_t folder) {
    struct uki_folder *set = folders(table, folder);
    for (int i = 0; i < UKI_WAYS; i++)
        if (set[i].folder == folder && set[i].generation == header(table)->generation) return &set[i];
    return NULL;
}

int uki_is_bounded(void *table, uint32_t folder) { return bounds(table, folder) != NULL; }

void uki_publish_folder(void *table, uint32_t folder, const uint64_t bits[30]) {
    struct uki_folder *set = folders(table, folder), *entry = bounds(table, folder);
    for (int i = 0; i < UKI_WAYS && !entry; i++)
        if (set[i].generation != header(table)->generation) entry = &set[i];
    if (!entry) entry = &set[header(table)->turn++ % UKI_WAYS];
    uint32_t *sequence = begin(entry);
    entry->generation = header(table)->generation;
    entry->folder = folder;
    memcpy(entry->bits, bits, sizeof entry->bits);
    end(sequence);
}

static void set_bits(uint64_t bits[30], uint32_t hash) {
    uint32_t places[2];
    uki_bits(hash, places);
    for (int i = 0; i < 2; i++)
        __atomic_fetch_or(&bits[places[i] / 64], UINT64_C(1) << places[i] % 64, __ATOMIC_RELEASE);
}

void uki_admit(uint64_t bits[30], uint32_t folder, const void *name, unsigned length) {
    set_bits(bits, hash_of(folder, name, length));
}

void uki_admit_later(void *table, uint32_t folder, const void *name, unsigned length) {
    struct uki_folder *entry = bounds(table, folder);
    if (entry) set_bits(entry->bits, hash_of(folder, name, length));
}

static struct uki_process *processes(void *table, uint32_t pid) {
    return (struct uki_process *)((char *)table + UKI_PROCESSES_OFFSET) + pid % UKI_PROCESS_SETS * UKI_WAYS;
}

void uki_publish_process(void *table, const struct uki_process *process) {
    uint32_t pid = process->pid;
    struct uki_process *set = processes(table, pid), *entry = NULL;
    for (int i = 0; i < UKI_WAYS && !entry; i++)
        if (set[i].pid == pid) entry = &set[i];
    for (int i = 0; i < UKI_WAYS && !entry; i++)
        if (!set[i].pid) entry = &set[i];
    if (!entry) entry = &set[header(table)->turn++ % UKI_WAYS];
    uint32_t *sequence = begin(entry);
    entry->generation = header(table)->generation;
    entry->pid = pid;
    entry->folder = process->folder;
    entry->uid = process->uid;
    entry->effective_uid = process->effective_uid;
    entry->gid = process->gid;
    entry->effective_gid = process->effective_gid;
    end(sequence);
}

void uki_forget_process(void *table, uint32_t pid) {
    struct uki_process *set = processes(table, pid);
    for (int i = 0; i < UKI_WAYS; i++) {
        if (set[i].pid != pid) continue;
        uint32_t *sequence = begin(&set[i]);
        set[i].pid = 0;
        end(sequence);
    }
}

uint64_t uki_time(int64_t seconds, uint32_t nanoseconds) {
    if (seconds < 0 || seconds >= 1L << 34) return 0;
    return (uint64_t)seconds << 30 | nanoseconds;
}
