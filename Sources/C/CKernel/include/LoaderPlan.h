// What the kernel tells the loader: the one structure that both sides know.
#pragma once
#include <stdint.h>

enum {
    UKL_SEGMENTS = 32,
    UKL_STRINGS = 16384,
    UKL_REPLACEMENTS = 8,
    UKL_VERSION = 4,
};
/// First argument of the loader's execve(2): not an address, so that it can be told from every other. Then come the plan's
/// address and size, the answering code's entry, where the stack begins, and the loader's last instruction but one.
#define UKL_REQUEST 0xFFFFFFFFFFFF554BULL
/// Where the loader lies; see the linker's flags in Package.swift.
#define UKL_BASE 0x200000000000ULL
#define UKL_END 0x200000100000ULL

struct ukl_segment {
    uint64_t address; // as in the program header
    uint64_t memory_size;
    uint64_t file_size;
    uint64_t offset;
    uint32_t protection; // PROT_*
    uint32_t padding;
};

/// A program or its interpreter.
struct ukl_image {
    int32_t descriptor; // -1: there is none
    uint32_t segment_count;
    uint32_t movable; // ET_DYN
    uint32_t padding;
    uint64_t low, high; // page-aligned span of all segments
    uint64_t alignment; // of a movable image's base
    uint64_t entry;
    struct ukl_segment segments[UKL_SEGMENTS];
};

struct ukl_plan {
    uint32_t version;
    uint32_t executable_stack;
    struct ukl_image program, interpreter;
    uint64_t base; // wanted place of a movable program with an interpreter
    uint64_t headers; // address of the program headers as in the file
    uint32_t header_count, header_size;
    uint32_t uid, euid, gid, egid, secure;
    uint32_t prepended; // arguments that stand in argv[0]'s place
    char name[16];
    uint32_t strings_size;
    uint32_t inside; // a page for the answering code is to be mapped
    uint32_t replacement_count;
    uint32_t replacements[UKL_REPLACEMENTS]; // words behind argc whose strings are wrong: the right ones come
    // AT_EXECFN's string, then the prepended arguments, then the replacements, each with its NUL
    char strings[UKL_STRINGS];
};
