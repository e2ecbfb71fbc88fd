// Linux's readiness, signal and event descriptors, and malloc's knobs, which the Glibc module leaves out.
#include <malloc.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
