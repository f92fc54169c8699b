#pragma once

/*
 * Cleanup by scope. `_cleanup_(f)` calls f with the variable's address when the scope ends; every destructor
 * takes NULL or half-built objects. `steal_pointer` hands a resource on and leaves NULL behind.
 */

#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f)   __attribute__((cleanup(f)))
#define _printf_(a, b) __attribute__((format(printf, a, b)))
#define _unused_       __attribute__((unused))

#define ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))
#define MIN(a, b)       ((a) < (b) ? (a) : (b))
#define MAX(a, b)       ((a) > (b) ? (a) : (b))

#define steal_pointer(p)                                                                                     \
        __extension__({                                                                                      \
                __typeof__(p) stolen_ = (p);                                                                 \
                (p) = NULL;                                                                                  \
                stolen_;                                                                                     \
        })

static inline void cleanup_free(void *p)
{
        free(*(void **)p);
}
#define _cleanup_free_ _cleanup_(cleanup_free)

static inline void cleanup_close(int *fd)
{
        if (*fd >= 0)
                close(*fd);
}
#define _cleanup_close_ _cleanup_(cleanup_close)
