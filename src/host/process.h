#pragma once

/* Since when something has been running on this machine (proc(5)). Wall milliseconds; -1: not known. */

#include <stdint.h>

/* The process whose number the file holds, if its program has that name (at most 15 bytes of it count). */
int64_t process_started_ms(const char *pid_path, const char *program);

int64_t machine_started_ms(void);
