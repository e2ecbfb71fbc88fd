// The loader: the only program that a container's processes may execute on the host. It asks the kernel for the program
// that was meant, maps it and its interpreter, and gives the new stack the shape that the host would have given it.
//
// Freestanding: no libc, no relocations, no state beside the plan.
#include "../C/CFiles/include/InsideTable.h"
#include "../C/CKernel/include/LoaderPlan.h"
#include "calls.h"

#if !defined(__x86_64__)
#error "this machine is not described yet"
#endif

enum {
    CALL_CLOSE = 3, CALL_MMAP = 9, CALL_MPROTECT = 10, CALL_MUNMAP = 11, CALL_BRK = 12, CALL_EXECVE = 59, CALL_PRCTL = 157,
    CALL_EXIT_GROUP = 231,
    READ = 1, WRITE = 2, EXECUTE = 4, GROWS_DOWN = 0x01000000,
    PRIVATE = 2, FIXED = 0x10, ANONYMOUS = 0x20, NO_RESERVE = 0x4000, FIXED_NO_REPLACE = 0x100000,
    PAGE = 4096,
};
enum {
    AT_NULL, AT_PHDR = 3, AT_PHENT = 4, AT_PHNUM = 5, AT_BASE = 7, AT_ENTRY = 9, AT_UID = 11, AT_EUID, AT_GID, AT_EGID,
    AT_SECURE = 23, AT_EXECFN = 31,
};

static struct ukl_plan plan;
/// The loader's own: what it builds lies where its stack would be.
__attribute__((used, aligned(16))) static char own_stack[4096];
__attribute__((used)) static u64 target;
/// The loader's last but one instruction, which does nothing: where a traced program is stopped.
extern const char finish[];

static long call3(long number, u64 a, u64 b, u64 c) { return machine_call(number, a, b, c, 0, 0, 0); }

/// Of the answering code, see inside.c.
extern char uki_entry[];

static int failed(long value) { return (u64)value > (u64)-4096; }

/// The old program is gone, so there is nobody to tell: die as Linux lets a program die that cannot be mapped.
__attribute__((noreturn)) static void give_up(void) {
    // An address that no process has: SIGSEGV.
    *(volatile char *)8 = 0;
    for (;;) call3(CALL_EXIT_GROUP, 127, 0, 0);
}

static u64 page_down(u64 a) { return a & ~(u64)(PAGE - 1); }
static u64 page_up(u64 a) { return page_down(a + PAGE - 1); }

/// Maps an image and returns what has to be added to its addresses.
static u64 map_image(const struct ukl_image *image, u64 wanted) {
    u64 size = image->high - image->low, bias = 0;
    const u64 reserve = PRIVATE | ANONYMOUS | NO_RESERVE;
    if (image->movable) {
        u64 place = (u64)-1;
        u64 room = image->alignment > PAGE ? size + image->alignment : size;
        if (wanted) {
            u64 hint = (wanted + image->alignment - 1) & ~(image->alignment - 1);
            place = (u64)machine_call(CALL_MMAP, hint + image->low, size, 0, reserve | FIXED_NO_REPLACE, (u64)-1, 0);
            if (place != hint + image->low) {
                if (!failed((long)place)) call3(CALL_MUNMAP, place, size, 0);
                place = (u64)-1;
            }
        }
        if (failed((long)place)) {
            place = (u64)machine_call(CALL_MMAP, 0, room, 0, reserve, (u64)-1, 0);
            if (failed((long)place)) give_up();
            u64 aligned = (place + image->alignment - 1) & ~(image->alignment - 1);
            if (aligned > place) call3(CALL_MUNMAP, place, aligned - place, 0);
            if (aligned + size < place + room) call3(CALL_MUNMAP, aligned + size, place + room - aligned - size, 0);
            place = aligned;
        }
        bias = place - image->low;
    } else {
        u64 place = (u64)machine_call(CALL_MMAP, image->low, size, 0, reserve | FIXED_NO_REPLACE, (u64)-1, 0);
        if (place != image->low) give_up();
    }
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct ukl_segment *s = &image->segments[i];
        u64 start = bias + page_down(s->address), file_end = bias + s->address + s->file_size;
        u64 memory_end = page_up(bias + s->address + s->memory_size);
        if (s->file_size) {
            long at = machine_call(
                CALL_MMAP, start, file_end - start, s->protection, PRIVATE | FIXED, (u64)(uint32_t)image->descriptor,
                page_down(s->offset));
            if (failed(at)) give_up();
        } else {
            file_end = start;
        }
        if (s->memory_size == s->file_size) continue;
        u64 mapped_end = page_up(file_end);
        // The rest of the last page holds what follows in the file; a segment that cannot be written has no such zeros.
        if (s->protection & WRITE)
            for (u64 a = file_end; a < mapped_end; a++) *(volatile char *)a = 0;
        if (memory_end > mapped_end) {
            long at = machine_call(
                CALL_MMAP, mapped_end, memory_end - mapped_end, s->protection, PRIVATE | ANONYMOUS | FIXED, (u64)-1, 0);
            if (failed(at)) give_up();
        }
    }
    // What lies between the segments stays reserved without access, as the host would leave it to nobody else.
    return bias;
}

static u64 copy_string(u64 to, const char *from) {
    char *cursor = (char *)to;
    while ((*cursor++ = *from++)) {}
    return (u64)cursor;
}

/// What prctl(PR_SET_MM, PR_SET_MM_MAP) takes (prctl(2), `linux/prctl.h`).
struct memory_map {
    u64 start_code, end_code, start_data, end_data, start_brk, brk, start_stack, arg_start, arg_end, env_start, env_end;
    const u64 *auxv;
    uint32_t auxv_size, exe_fd;
};

/// Tells the host what its exec would have noted of the program: /proc/PID/auxv is for debuggers, the rest for ps(1).
static void describe(u64 bias, u64 top, const u64 *auxv, const u64 *auxv_end, u64 arguments, u64 environment, u64 name) {
    struct memory_map map;
    map.start_code = bias + plan.program.low;
    map.end_code = map.start_data = map.end_data = bias + plan.program.high;
    map.start_brk = map.brk = (u64)call3(CALL_BRK, 0, 0, 0);
    map.start_stack = top;
    // The host has put the strings of both vectors and the name behind each other.
    map.env_end = name;
    map.arg_end = map.env_start = environment ? environment : name;
    map.arg_start = arguments ? arguments : map.arg_end;
    map.auxv = auxv;
    map.auxv_size = (uint32_t)((u64)auxv_end - (u64)auxv);
    map.exe_fd = (uint32_t)-1;
    machine_call(CALL_PRCTL, 35, 14, (u64)&map, sizeof map, 0, 0);
}

/// Builds the program's stack below what the host left, and returns its top; sets where to jump.
__attribute__((used)) static u64 load(u64 *stack) {
    long size = machine_call(
        CALL_EXECVE, UKL_REQUEST, (u64)&plan, sizeof plan, (u64)uki_entry, (u64)stack, (u64)finish);
    if (failed(size) || plan.version != UKL_VERSION) give_up();

    u64 argc = stack[0];
    u64 *argv = stack + 1, *envp = argv + argc + 1, *end = envp;
    // The kernel shows what stands in argv[0]'s place by itself.
    int is_replaced = plan.prepended || (plan.replacement_count && plan.replacements[0] == 0);
    u64 arguments = argc ? argv[is_replaced] : 0, environment = *envp;
    while (*end) end++;
    u64 *aux = end + 1, *aux_end = aux;
    while (*aux_end) aux_end += 2;
    aux_end += 2;

    u64 bias = map_image(&plan.program, plan.interpreter.descriptor >= 0 ? plan.base : 0), base = 0;
    u64 entry = bias + plan.program.entry;
    target = entry;
    if (plan.interpreter.descriptor >= 0) {
        base = map_image(&plan.interpreter, 0);
        target = base + plan.interpreter.entry;
        call3(CALL_CLOSE, (u64)(uint32_t)plan.interpreter.descriptor, 0, 0);
    }
    call3(CALL_CLOSE, (u64)(uint32_t)plan.program.descriptor, 0, 0);
    // For later, should the program ask often: nothing is written to it yet.
    if (plan.inside)
        machine_call(
            CALL_MMAP, UKI_PAGE, UKI_PAGE_SIZE, READ | EXECUTE, PRIVATE | ANONYMOUS | FIXED_NO_REPLACE, (u64)-1, 0);
    call3(CALL_PRCTL, 15, (u64)plan.name, 0);
    if (plan.executable_stack)
        call3(CALL_MPROTECT, page_down((u64)stack), PAGE, READ | WRITE | EXECUTE | GROWS_DOWN);

    // The strings first, then the vectors below them.
    u64 strings = ((u64)stack - plan.strings_size) & ~15ULL;
    u64 kept = argc && plan.prepended ? argc - 1 : argc;
    u64 words = 1 + plan.prepended + kept + 1 + (u64)(end - envp) + 1 + (u64)(aux_end - aux);
    u64 *top = (u64 *)((strings - words * 8) & ~15ULL), *out = top;
    const char *text = plan.strings;
    u64 name = strings;
    u64 next = copy_string(strings, text);
    text += next - name;
    *out++ = plan.prepended + kept;
    for (uint32_t i = 0; i < plan.prepended; i++) {
        u64 after = copy_string(next, text);
        *out++ = next;
        text += after - next;
        next = after;
    }
    for (uint32_t i = 0; i < plan.replacement_count; i++) {
        u64 after = copy_string(next, text);
        argv[plan.replacements[i]] = next;
        text += after - next;
        next = after;
    }
    for (u64 i = argc - kept; i < argc; i++) *out++ = argv[i];
    *out++ = 0;
    while (*envp) *out++ = *envp++;
    *out++ = 0;
    const u64 *new_aux = out;
    u64 host_name = name;
    for (; aux < aux_end; aux += 2) {
        u64 value = aux[1];
        switch (aux[0]) {
        case AT_PHDR: value = plan.headers ? bias + plan.headers : 0; break;
        case AT_PHENT: value = plan.header_size; break;
        case AT_PHNUM: value = plan.header_count; break;
        case AT_BASE: value = base; break;
        case AT_ENTRY: value = entry; break;
        case AT_UID: value = plan.uid; break;
        case AT_EUID: value = plan.euid; break;
        case AT_GID: value = plan.gid; break;
        case AT_EGID: value = plan.egid; break;
        case AT_SECURE: value = plan.secure; break;
        case AT_EXECFN: host_name = value; value = name; break;
        }
        *out++ = aux[0];
        *out++ = value;
    }
    describe(bias, (u64)top, new_aux, out, arguments, environment, host_name);
    return (u64)top;
}

__asm__(
    ".globl _start\n"
    "_start:\n"
    "  xor %ebp, %ebp\n"
    "  mov %rsp, %rdi\n"
    "  lea own_stack+4096(%rip), %rsp\n"
    "  call load\n"
    "  mov %rax, %rsp\n"
    "  mov target(%rip), %r11\n"
    "  mov %r11, -8(%rsp)\n"
    "  xor %eax, %eax\n xor %ebx, %ebx\n xor %ecx, %ecx\n xor %edx, %edx\n xor %esi, %esi\n xor %edi, %edi\n"
    "  xor %r8d, %r8d\n xor %r9d, %r9d\n xor %r10d, %r10d\n xor %r11d, %r11d\n"
    "  xor %r12d, %r12d\n xor %r13d, %r13d\n xor %r14d, %r14d\n xor %r15d, %r15d\n"
    // The flags are as an exec leaves them, none set: the xor above set two.
    "  lea -16(%rsp), %rsp\n push $0x202\n popf\n lea 16(%rsp), %rsp\n"
    ".globl finish\n"
    "finish:\n"
    "  nop\n"
    "  jmp *-8(%rsp)\n");
