/*
 * Runs a fuzz target once over every file of a corpus folder, so that what fuzzing has found stays found on
 * machines without libFuzzer. An empty folder is a failure: it would test nothing.
 */

#include "base/file.h"
#include "base/text.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>

#define CORPUS_FILE_MAX ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *folder, const char *name)
{
        _cleanup_free_ char *path = text_format("%s/%s", folder, name);
        _cleanup_buffer_ struct buffer bytes = {0};
        _cleanup_error_ struct error error = {0};

        if (file_read(path, CORPUS_FILE_MAX, &bytes, &error) < 0) {
                fprintf(stderr, "%s\n", error.sentence);
                return -1;
        }
        fprintf(stderr, "%s\n", path); /* the last line names the file when the target aborts */
        LLVMFuzzerTestOneInput((const uint8_t *)buffer_text(&bytes), bytes.length);
        return 0;
}

static int replay_folder(const char *folder)
{
        struct dirent **entries;
        int count = scandir(folder, &entries, NULL, alphasort);
        int files = 0, result = 0;

        if (count < 0) {
                perror(folder);
                return -1;
        }
        for (int i = 0; i < count; i++) {
                if (entries[i]->d_name[0] != '.' && result == 0) {
                        result = replay_file(folder, entries[i]->d_name);
                        files++;
                }
                free(entries[i]);
        }
        free(entries);
        if (files == 0)
                fprintf(stderr, "%s holds no files\n", folder);
        return files == 0 ? -1 : result;
}

int main(int argc, char **argv)
{
        if (argc != 2) {
                fprintf(stderr, "usage: %s CORPUS-FOLDER\n", argv[0]);
                return 2;
        }
        return replay_folder(argv[1]) < 0 ? 1 : 0;
}
