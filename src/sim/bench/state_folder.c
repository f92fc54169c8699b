#include "sim/bench/jobs.h"

#include <ftw.h>
#include <stdlib.h>
#include <unistd.h>

/* Headroom syncs its records to the disk, which a thousand times a second only memory bears. */

#define OPEN_FOLDERS_MAX 8

char *state_folder_make(void)
{
        static const char *const places[] = {"/dev/shm", "/run/shm", "/tmp"};

        for (size_t i = 0; i < ELEMENTS(places); i++) {
                char *folder = text_format("%s/headroom-schedules-XXXXXX", places[i]);
                if (mkdtemp(folder))
                        return folder;
                free(folder);
        }
        return NULL;
}

static int remove_below(const char *path, _unused_ const struct stat *status, _unused_ int kind,
                        struct FTW *where)
{
        return where->level ? remove(path) : 0;
}

void state_folder_empty(const char *folder)
{
        nftw(folder, remove_below, OPEN_FOLDERS_MAX, FTW_DEPTH | FTW_PHYS);
}

void state_folder_remove(const char *folder)
{
        state_folder_empty(folder);
        rmdir(folder);
}
