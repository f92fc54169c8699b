#include "host/log.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

struct line_buffer {
        char bytes[LOG_LINE_BYTES_MAX + 1];
        size_t length;
        bool skipping; /* the rest of a line that was too long */
};

static void take_line(struct line_buffer *line, struct log_reading *reading)
{
        if (line->length && !line->skipping) {
                line->bytes[line->length] = 0;
                log_take_line(reading, line->bytes);
        }
        line->length = 0;
}

static void take_bytes(struct line_buffer *line, struct log_reading *reading, const char *bytes,
                       size_t length)
{
        for (size_t i = 0; i < length; i++) {
                if (bytes[i] == '\n') {
                        take_line(line, reading);
                        line->skipping = false;
                } else if (line->length < LOG_LINE_BYTES_MAX) {
                        line->bytes[line->length++] = bytes[i];
                } else {
                        take_line(line, reading);
                        line->skipping = true;
                }
        }
}

/* How much there is to read: all of a pipe, a file as long as it is now. */
static int64_t size_of(int fd)
{
        struct stat status;

        return fstat(fd, &status) == 0 && S_ISREG(status.st_mode) ? status.st_size : INT64_MAX;
}

static int read_lines(int fd, const char *path, struct log_reading *reading, struct error *error)
{
        _cleanup_free_ struct line_buffer *line = new_zero(struct line_buffer);
        char bytes[16384];
        int64_t left = size_of(fd);

        while (left > 0) {
                ssize_t count = read(fd, bytes, (size_t)MIN((int64_t)sizeof(bytes), left));
                if (count < 0 && errno == EINTR)
                        continue;
                if (count < 0)
                        return error_set(error, ERROR_FAILED, "cannot read %s: %s", path, strerror(errno));
                if (count == 0)
                        break;
                take_bytes(line, reading, bytes, (size_t)count);
                left -= count;
        }
        take_line(line, reading);
        return 0;
}

int log_read_file(const char *path, int64_t since_ms, log_sink sink, void *userdata,
                  struct log_reach *ret_reach, struct error *error)
{
        struct log_reading reading = {.sink = sink, .userdata = userdata, .since_ms = since_ms};
        _cleanup_close_ int fd = text_equal(path, "-") ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);

        if (fd < 0)
                return error_set(error, errno == EACCES ? ERROR_PERMISSION : ERROR_USAGE,
                                 "cannot open the log %s: %s", path, strerror(errno));
        if (read_lines(fd, path, &reading, error) < 0)
                return -1;
        *ret_reach = reading.reach;
        return 0;
}
