__asm__(".globl _start\n_start:\n mov $60,%eax\n mov $7,%edi\n syscall\n");
