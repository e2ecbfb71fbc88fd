// What ukernel shares, read-only, with the processes of its container: names and attributes of files that every user of the
// container may see and that nobody changes without ukernel, so that the answering code (ukloader/inside.c) can answer
// stat(2) and its kin without a switch. Written by inside.c beside this folder; docs/architecture.md, "Inside the process".
#pragma once
#include <stdint.h>

/// Page of a process in which its patched call sites' slots and stubs lie. The two last bytes of every address in it are the
/// system call instruction when they are read as code.
#define UKI_PAGE 0x050F0000ULL
#define UKI_PAGE_SIZE 4096ULL
/// Where the one system call instruction stands that the filter trusts with calls that are answered about the caller alone.
#define UKI_NATIVE (UKI_PAGE + 0x40)
#define UKI_NATIVE_NEXT (UKI_NATIVE + 2)
/// Where a process maps the table.
#define UKI_TABLE 0x201000000000ULL
/// First argument of the getcwd(2) with which the answering code asks: not an address.
#define UKI_REQUEST 0xFFFFFFFFFFFF554CULL
#define UKI_MAGIC 0x656469736e696b75ULL

/// A page of the process's own, behind that one: descriptors that are kept for it.
#define UKI_OWN 0x050F1000ULL

/// Second argument of that getcwd(2); with UKI_HAVE_TABLE the third says whether UKI_OWN is mapped.
enum { UKI_WANT_TABLE = 0, UKI_HAVE_TABLE = 1 };

/// The page's beginning. The page is written by ukernel alone.
struct uki_page {
    uint64_t magic;
    uint64_t entry; // of the answering code
    uint64_t stack_top; // where the program's stack began
    uint32_t ready; // the table is mapped
    uint32_t count; // slots in use
};
enum { UKI_SLOTS_OFFSET = 0x80, UKI_SLOT_SIZE = 32, UKI_SLOTS = (4096 - UKI_SLOTS_OFFSET) / UKI_SLOT_SIZE };

enum { UKI_VERSION = 3, UKI_WAYS = 4, UKI_TEXT = 60 };

struct uki_header {
    uint32_t version;
    /// Whatever was written under another number is void.
    uint32_t generation;
    /// Number of the names' sets less one.
    uint32_t mask;
    /// The number of the root folder; 0: not public.
    uint32_t root;
    /// A process has another root than that.
    uint32_t is_rooted;
    /// The host's number of the container's first process.
    uint32_t first;
    /// The writer's own: whose turn it is to give way, and how many names had to.
    uint32_t turn, pressure;
};

enum { UKI_EMPTY = 0, UKI_ABSENT = 1, UKI_PRESENT = 2 };
/// UKI_IS_PLAIN: a file whose inode number is the host's, or such a folder that the host lists rightly. UKI_HAS_INODE: that number, owner and device are there.
enum { UKI_HAS_MODE = 1, UKI_HAS_STAT = 2, UKI_HAS_TARGET = 4, UKI_IS_PLAIN = 8, UKI_HAS_INODE = 16 };

/// A name in a folder.
struct uki_name {
    uint32_t sequence; // odd while it is written
    uint32_t generation;
    uint32_t folder;
    uint32_t hash;
    uint32_t child; // number of a folder whose names are published; else 0
    uint8_t kind;
    uint8_t type; // bits 12 to 15 of st_mode
    uint8_t flags;
    uint8_t name_length;
    uint32_t target_length;
    uint32_t mode; // permission bits
    uint32_t nlink, uid, gid;
    uint32_t blksize;
    uint64_t ino, size, blocks;
    /// Access, modification, change, birth: seconds shifted left by 30, and nanoseconds.
    uint64_t times[4];
    uint32_t mask, attributes, attributes_mask; // of statx
    uint32_t device, rdev_major, rdev_minor;
    /// The name, and right behind it a link's target.
    char text[UKI_TEXT];
    uint32_t padding;
};

enum { UKI_FOLDER = 1, UKI_LISTABLE = 2, UKI_SHOWN = 4 };

/// What a descriptor of a host's file stands for.
struct uki_record {
    uint32_t sequence, generation;
    uint64_t dev, ino; // the host's, as fstat(2) gives them
    uint32_t flags;
    uint32_t folder; // UKI_FOLDER: its number
    uint32_t mode, uid, gid, device; // UKI_SHOWN
    uint64_t shown; // inode number
    uint64_t padding;
};

/// What a folder holds at the most: a name whose two bits are not both set is not in it (a Bloom filter).
struct uki_folder {
    uint32_t sequence, generation;
    uint32_t folder, padding;
    uint64_t bits[30];
};
enum { UKI_FOLDER_BITS = 30 * 64 };

/// Where a process works, and who it is.
struct uki_process {
    uint32_t sequence, generation;
    uint32_t pid, folder;
    uint32_t uid, effective_uid, gid, effective_gid;
};

/// A descriptor of a file or of a layer's folder, opened for reading, that nobody has read from.
struct uki_kept {
    uint64_t ino; // as it is shown, with `device`
    uint32_t device;
    int32_t descriptor; // 0: none
    uint64_t host_dev, host_ino;
};
/// The numbers end below 512, where the host would have to make a process's table of descriptors bigger.
enum { UKI_GIFTS = 32, UKI_KEPT = 110, UKI_FIRST_KEPT = 400 };

/// The page at UKI_OWN. Descriptors come as messages of up to UKI_GIFTS `uki_kept` over a socket that the process keeps.
struct uki_own {
    uint32_t pid; // whose descriptors these are: not a child's
    uint32_t is_off; // there are no numbers for them
    /// The socket's number; 0: none. A new one lies at the lowest number (plus 1) until it is moved out of the way.
    int32_t socket, new_socket;
    uint64_t socket_dev, socket_ino;
    uint64_t turn;
    struct uki_kept kept[UKI_KEPT];
};
_Static_assert(sizeof(struct uki_own) <= UKI_PAGE_SIZE, "one page");

enum {
    UKI_RECORD_SETS = 1024,
    UKI_PROCESS_SETS = 128,
    UKI_FIRST_SETS = 512,
    UKI_MOST_SETS = 8192,
    UKI_RECORDS_OFFSET = 4096,
    UKI_PROCESSES_OFFSET = UKI_RECORDS_OFFSET + UKI_RECORD_SETS * UKI_WAYS * 64,
    UKI_FOLDER_SETS = 256,
    UKI_FOLDERS_OFFSET = UKI_PROCESSES_OFFSET + UKI_PROCESS_SETS * UKI_WAYS * 32,
    UKI_NAMES_OFFSET = UKI_FOLDERS_OFFSET + UKI_FOLDER_SETS * UKI_WAYS * 256,
    UKI_TABLE_SIZE = UKI_NAMES_OFFSET + UKI_MOST_SETS * UKI_WAYS * 192,
};
_Static_assert(sizeof(struct uki_name) == 192, "the table's layout");
_Static_assert(sizeof(struct uki_record) == 64, "the table's layout");
_Static_assert(sizeof(struct uki_process) == 32, "the table's layout");
_Static_assert(sizeof(struct uki_folder) == 256, "the table's layout");

static inline uint32_t uki_hash_start(uint32_t folder) { return folder * 0x9E3779B1u; }
static inline uint32_t uki_hash_step(uint32_t hash, unsigned char c) { return (hash ^ c) * 0x01000193u; }
static inline uint32_t uki_hash_end(uint32_t hash) { return hash ^ hash >> 15; }
/// The two bits of a name in its folder's `bits`, by the name's hash.
static inline void uki_bits(uint32_t hash, uint32_t bits[2]) {
    bits[0] = hash % UKI_FOLDER_BITS;
    bits[1] = (hash * 0x85EBCA6Bu >> 5) % UKI_FOLDER_BITS;
}
static inline uint32_t uki_record_set(uint64_t dev, uint64_t ino) {
    return (uint32_t)((ino * 0x9E3779B97F4A7C15ULL + dev) >> 40) % UKI_RECORD_SETS;
}

// The writer's side; one thread at a time.

/// Makes the table: a memory file that nobody else can write to, and its mapping here. Returns the descriptor or -errno.
int uki_make(void **table);
void uki_unmake(void *table, int descriptor);
/// Makes everything void.
void uki_flush(void *table);
/// Doubles the names' room when it is full, which makes everything void. Whether it did.
int uki_grow(void *table);
/// The entry of a name, or NULL. To be read only.
const struct uki_name *uki_find(void *table, uint32_t folder, const void *name, unsigned length);
/// Writes an entry: `value` has all but sequence, generation, hash and text.
void uki_publish(
    void *table, const struct uki_name *value, const void *name, unsigned length, const void *target,
    unsigned target_length);
void uki_forget(void *table, uint32_t folder, const void *name, unsigned length);
/// Says that a folder holds no other names than those that `uki_admit` put into `bits`.
void uki_publish_folder(void *table, uint32_t folder, const uint64_t bits[30]);
void uki_admit(uint64_t bits[30], uint32_t folder, const void *name, unsigned length);
/// Whether it is told what a folder holds at the most.
int uki_is_bounded(void *table, uint32_t folder);
/// A name may be in a folder from now on.
void uki_admit_later(void *table, uint32_t folder, const void *name, unsigned length);
void uki_publish_record(void *table, const struct uki_record *value);
void uki_forget_record(void *table, uint64_t dev, uint64_t ino);
void uki_publish_process(void *table, const struct uki_process *process);
void uki_forget_process(void *table, uint32_t pid);
/// Seconds and nanoseconds as `times` has them; 0 where they do not fit.
uint64_t uki_time(int64_t seconds, uint32_t nanoseconds);
