/*
 * The whole of the anchor: it waits until it is stopped. Freestanding, without a C library, so that its image
 * is this file alone. As PID 1 it would not be ended by SIGTERM's default action, so it exits on it by
 * itself: signals are blocked, and the first one ends the wait.
 */

#include <asm/unistd.h>
#include <signal.h>

static long call(long number, long a, long b, long c, long d)
{
        long result;
#if defined(__x86_64__)
        register long r10 __asm__("r10") = d;
        __asm__ volatile("syscall"
                         : "=a"(result)
                         : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
                         : "rcx", "r11", "memory");
#elif defined(__aarch64__)
        register long x8 __asm__("x8") = number;
        register long x0 __asm__("x0") = a;
        register long x1 __asm__("x1") = b;
        register long x2 __asm__("x2") = c;
        register long x3 __asm__("x3") = d;
        __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
        result = x0;
#else
#error "the anchor knows x86_64 and aarch64"
#endif
        return result;
}

void _start(void);
void _start(void)
{
        unsigned long term = 1UL << (SIGTERM - 1) | 1UL << (SIGINT - 1);

        call(__NR_rt_sigprocmask, SIG_BLOCK, (long)&term, 0, sizeof(term));
        call(__NR_rt_sigtimedwait, (long)&term, 0, 0, sizeof(term));
        call(__NR_exit, 0, 0, 0, 0);
        __builtin_unreachable();
}
