#include "sim/front/exchange.h"

/* "/v1.41/services/a%20b?x=1": the path with its percent-encoding undone, and the query as it is. */

static int hex_value(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        c |= 0x20;
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* In place; false for an encoding that is none, and for what no name can hold. */
static bool decode(char *path)
{
        char *to = path;

        for (const char *from = path; *from; from++) {
                bool escape = *from == '%'; /* before it may be written over */
                int high = escape ? hex_value(from[1]) : 0;
                int low = escape && high >= 0 ? hex_value(from[2]) : 0;
                if (high < 0 || low < 0 || (escape && high + low == 0))
                        return false;
                *to++ = escape ? (char)(high * 16 + low) : *from;
                from += escape ? 2 : 0;
        }
        *to = 0;
        return true;
}

bool target_split(const char *uri, char **ret_path, const char **ret_query)
{
        static const char scheme[] = "http://";

        if (text_starts_with(uri, scheme)) {
                uri += strlen(scheme);
                uri += strcspn(uri, "/");
        }
        size_t length = strcspn(uri, "?");
        _cleanup_free_ char *path = text_copy_n(uri, length);
        if (*path != '/' || !decode(path))
                return false;
        *ret_path = steal_pointer(path);
        *ret_query = uri[length] ? uri + length + 1 : "";
        return true;
}
