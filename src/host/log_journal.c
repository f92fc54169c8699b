#include "host/log.h"

#include "base/clock.h"
#include "base/text.h"

#include <errno.h>
#include <systemd/sd-journal.h>

static void cleanup_journal(sd_journal **journal)
{
        sd_journal_close(*journal);
}

/* Matches of one field are alternatives, those of different fields must all hold (sd_journal_add_match(3)).
 */
static int match(sd_journal *journal, int64_t since_ms)
{
        sd_id128_t boot;
        char boot_match[64] = "_BOOT_ID=";
        int result = sd_journal_add_match(journal, "_SYSTEMD_UNIT=docker.service", 0);

        if (result >= 0)
                result = sd_journal_add_match(journal, "_SYSTEMD_UNIT=snap.docker.dockerd.service", 0);
        if (result < 0 || since_ms)
                return result;
        result = sd_id128_get_boot(&boot);
        if (result < 0)
                return result;
        sd_id128_to_string(boot, boot_match + strlen(boot_match));
        return sd_journal_add_match(journal, boot_match, 0);
}

/* Containers with the journald log driver write as docker.service, with their ID beside it. */
static bool is_of_container(sd_journal *journal)
{
        const void *data;
        size_t length;

        return sd_journal_get_data(journal, "CONTAINER_ID", &data, &length) >= 0;
}

static void take_entry(sd_journal *journal, struct log_reading *reading)
{
        const char *data;
        size_t length;
        const size_t key_length = strlen("MESSAGE=");

        if (is_of_container(journal) ||
            sd_journal_get_data(journal, "MESSAGE", (const void **)&data, &length) < 0 || length < key_length)
                return;
        _cleanup_free_ char *line =
                text_copy_n(data + key_length, MIN(length - key_length, (size_t)LOG_LINE_BYTES_MAX));
        log_take_line(reading, line);
}

static bool is_before(sd_journal *journal, int64_t until_ms)
{
        uint64_t time_us;

        return sd_journal_get_realtime_usec(journal, &time_us) < 0 || time_us / 1000 <= (uint64_t)until_ms;
}

static int read_entries(sd_journal *journal, struct log_reading *reading)
{
        int64_t until_ms = clock_wall_ms(); /* what is written while this reads is left out */
        int result = match(journal, reading->since_ms);

        if (result >= 0)
                result = sd_journal_set_data_threshold(journal, LOG_LINE_BYTES_MAX);
        if (result >= 0)
                result = reading->since_ms
                                 ? sd_journal_seek_realtime_usec(journal, (uint64_t)reading->since_ms * 1000)
                                 : sd_journal_seek_head(journal);
        while (result >= 0 && (result = sd_journal_next(journal)) > 0 && is_before(journal, until_ms))
                take_entry(journal, reading);
        return result;
}

int log_read_journal(const char *folder, int64_t since_ms, log_sink sink, void *userdata,
                     struct log_reach *ret_reach, struct error *error)
{
        struct log_reading reading = {.sink = sink, .userdata = userdata, .since_ms = since_ms};
        _cleanup_(cleanup_journal) sd_journal *journal = NULL;
        int result = folder ? sd_journal_open_directory(&journal, folder, 0)
                            : sd_journal_open(&journal, SD_JOURNAL_LOCAL_ONLY);

        if (result >= 0)
                result = read_entries(journal, &reading);
        if (result < 0)
                return error_set(error,
                                 result == -EACCES || result == -EPERM ? ERROR_PERMISSION : ERROR_FAILED,
                                 "cannot read the journal: %s", strerror(-result));
        *ret_reach = reading.reach;
        return 0;
}
