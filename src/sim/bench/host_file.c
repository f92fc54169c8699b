#include "sim/bench/bench.h"

#include "base/file.h"
#include "move/patch/patch.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

/*
 * The file from which the host deploys NET, in headroom's folder of records. The plan patches it in place;
 * others edit it meanwhile. It is named through a descriptor of a fixed number, so that its path, which plans
 * and sentences hold, is the same wherever that folder is.
 */

#define FOLDER_FD      137
#define FILE_PATH      "/proc/self/fd/137/networks.sh"
#define FILE_BYTES_MAX ((size_t)1 << 20)
#define RECORDS_DEPTH  3

static char *read_all(void)
{
        struct buffer bytes = {0};

        if (file_read(FILE_PATH, FILE_BYTES_MAX, &bytes, NULL) < 0)
                buffer_clear(&bytes);
        return buffer_steal(&bytes);
}

static void write_all(struct bench *bench, const char *bytes)
{
        _cleanup_error_ struct error error = {0};

        if (file_write(FILE_PATH, bytes, strlen(bytes), 0644, &error) < 0)
                bench_tell(bench, "the host's file can't be written: %s", error.sentence);
}

void host_file_open(struct bench *bench)
{
        const char *network = schedule_network(bench->schedule);
        int fd = bench->schedule->file ? open(bench->state, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

        if (fd < 0)
                return;
        dup3(fd, FOLDER_FD, O_CLOEXEC);
        close(fd);
        _cleanup_free_ char *text = text_format("#!/bin/sh\n"
                                                "# what this host needs\n"
                                                "docker network create --driver overlay --attachable \\\n"
                                                "  --subnet %s %s\n",
                                                bench->watch.subnet, network);
        write_all(bench, text);
        bench->file.stands = true;
}

void host_file_close(struct bench *bench)
{
        if (bench->file.stands)
                close(FOLDER_FD);
        free(bench->file.planned);
        free(bench->file.at_death);
}

/* What the operator asks for with --patch FILE --in-place. */
void host_file_plan(struct bench *bench, struct plan *plan)
{
        _cleanup_error_ struct error error = {0};
        const struct patch_wish wish = {.network = plan->network,
                                        .old_subnet = plan->old_subnet,
                                        .new_subnet = plan->new_subnet,
                                        .reason = plan->reason,
                                        .in_place = true};
        struct plan_patch patch = {0};

        if (!bench->file.stands)
                return;
        char *bytes = read_all();
        free(bench->file.planned);
        bench->file.planned = bytes;
        bench->file.touched = false;
        if (patch_make_bytes(FILE_PATH, bytes, strlen(bytes), &wish, &patch, &error) < 0) {
                bench_fault(bench, "the host's file can be patched", text_copy("a patch"),
                            text_copy(error.sentence));
                return;
        }
        patch.in_place = true;
        *list_add(&plan->patches) = patch;
}

void host_file_edit(struct bench *bench)
{
        _cleanup_free_ char *bytes = bench->file.stands ? read_all() : NULL;

        if (!bytes)
                return;
        bench->file.touched = true;
        _cleanup_free_ char *edited =
                text_format("%s# edited by somebody, %zu\n", bytes, ++bench->file.edits);
        write_all(bench, edited);
}

/* The operator puts `to` where `from` stands. */
static void replace(struct bench *bench, const char *from, const char *to)
{
        _cleanup_free_ char *bytes = read_all();
        _cleanup_buffer_ struct buffer edited = {0};
        const char *at = bytes;

        for (const char *next; (next = strstr(at, from)); at = next + strlen(from)) {
                buffer_add(&edited, at, (size_t)(next - at));
                buffer_add_text(&edited, to);
        }
        buffer_add_text(&edited, at);
        write_all(bench, buffer_text(&edited));
}

bool host_file_mend(struct bench *bench, const struct plan *plan, enum goal goal, const char *sentence)
{
        if (!bench->file.stands || !strstr(sentence, FILE_PATH " was changed"))
                return false;
        bool back = goal == GOAL_OLD;
        bench_tell(bench, "the operator declares %s by hand", back ? plan->old_subnet : plan->new_subnet);
        replace(bench, back ? plan->new_subnet : plan->old_subnet,
                back ? plan->old_subnet : plan->new_subnet);
        bench->runs_since = bench->calls_since = 0;
        return true;
}

void host_file_die(struct bench *bench)
{
        free(bench->file.at_death);
        bench->file.at_death = bench->file.stands ? read_all() : NULL;
}

void host_file_bury(struct bench *bench)
{
        if (bench->file.at_death)
                write_all(bench, bench->file.at_death);
        free(steal_pointer(bench->file.at_death));
}

/* At the end */

static void look_untouched(struct bench *bench, const struct plan_patch *patch, bool back, const char *bytes)
{
        struct buffer wanted = {0};

        if (back)
                buffer_add_text(&wanted, bench->file.planned);
        else if (patch_edit(patch, false, bench->file.planned, strlen(bench->file.planned), &wanted, NULL) <
                 0)
                buffer_add_text(&wanted, "the patch applies");
        if (text_equal(buffer_text(&wanted), bytes))
                buffer_done(&wanted);
        else
                bench_fault(bench, "the host's file is exactly new or exactly old", buffer_steal(&wanted),
                            text_copy(bytes));
}

static void look_touched(struct bench *bench, const struct plan *plan, bool back, const char *bytes)
{
        const char *subnet = back ? plan->old_subnet : plan->new_subnet;

        if (!patch_declares(&plan->patches.items[0], plan->network, subnet))
                bench_fault(bench, "the host's file is exactly new or exactly old", text_copy(subnet),
                            text_copy(bytes));
        for (size_t i = 1; i <= bench->file.edits; i++) {
                _cleanup_free_ char *line = text_format("# edited by somebody, %zu\n", i);
                if (!strstr(bytes, line))
                        bench_fault(bench, "what somebody wrote into the host's file stays", text_copy(line),
                                    text_copy(bytes));
        }
}

void host_file_look(struct bench *bench, const struct plan *plan, enum goal goal)
{
        bool back = goal == GOAL_OLD;

        if (!bench->file.stands || !plan->patches.count)
                return;
        _cleanup_free_ char *bytes = read_all();
        if (bench->file.touched)
                look_touched(bench, plan, back, bytes);
        else
                look_untouched(bench, &plan->patches.items[0], back, bytes);
}

/* The name of a file that was being written, below a folder; NULL: there is none. Owned by the caller. */
static char *half_written(const char *folder, int depth)
{
        DIR *entries = opendir(folder);
        char *found = NULL;

        for (const struct dirent *entry; entries && !found && (entry = readdir(entries));) {
                _cleanup_free_ char *path = text_format("%s/%s", folder, entry->d_name);
                if (strstr(entry->d_name, ".part"))
                        found = text_copy(entry->d_name);
                else if (*entry->d_name != '.' && entry->d_type == DT_DIR && depth > 0)
                        found = half_written(path, depth - 1);
        }
        if (entries)
                closedir(entries);
        return found;
}

/* Headroom's own records stay; what it writes on the way to a file does not. */
void records_look(struct bench *bench)
{
        char *name = half_written(bench->state, RECORDS_DEPTH);

        if (name)
                bench_fault(bench, "nothing of headroom's is left", text_copy("no half-written file"), name);
}
