#include "host/process.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

#include <stdio.h>
#include <time.h>

#define PROC_BYTES_MAX 4096
#define FIELDS_BEFORE  19 /* of /proc/PID/stat, between the program's name and its start time */

/* The wall clock may have been set since; the time since the start of the machine has not. */
static int64_t wall_of_boot_ms(double since_boot_s)
{
        struct timespec now;

        clock_gettime(CLOCK_BOOTTIME, &now);
        return clock_wall_ms() - ((int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000) +
               (int64_t)(since_boot_s * 1000);
}

static bool read_proc(const char *pid, const char *name, struct buffer *ret_bytes)
{
        _cleanup_free_ char *path = text_format("/proc/%s/%s", pid, name);

        return file_read(path, PROC_BYTES_MAX, ret_bytes, NULL) == 0;
}

int64_t process_started_ms(const char *pid_path, const char *program)
{
        _cleanup_buffer_ struct buffer pid = {0};
        _cleanup_buffer_ struct buffer stat = {0};
        uint64_t ticks;

        if (file_read(pid_path, PROC_BYTES_MAX, &pid, NULL) < 0 || !pid.length)
                return -1;
        pid.bytes[strspn(pid.bytes, "0123456789")] = 0;
        if (!*pid.bytes || !read_proc(pid.bytes, "stat", &stat))
                return -1;
        const char *open = strchr(buffer_text(&stat), '(');
        char *at = open ? strrchr(stat.bytes, ')') : NULL; /* the name may hold brackets, too */
        if (!at || strncmp(open + 1, program, (size_t)(at - open - 1)) != 0)
                return -1;
        for (int i = 0; at && i <= FIELDS_BEFORE; i++)
                at = strchr(at + 1, ' ');
        if (!at)
                return -1;
        at[1 + strspn(at + 1, "0123456789")] = 0;
        return text_to_u64(at + 1, &ticks) ? wall_of_boot_ms((double)ticks / (double)sysconf(_SC_CLK_TCK))
                                           : -1;
}

int64_t machine_started_ms(void)
{
        return wall_of_boot_ms(0);
}
