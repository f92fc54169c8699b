#include "ask.h"

#include <ctype.h>

/* IDs and times, which no two swarms have in common: names stand for IDs that were learnt, `<id>` and
 * `<time>` for the rest. */

#define ID_LENGTH     25
#define HEX_ID_LENGTH 64
#define TIME_LENGTH   19 /* "2026-01-02T03:04:05", and then fractions and Z */

void asker_learn(struct asker *asker, const char *id, const char *name)
{
        if (id)
                *list_add(&asker->known) = (struct known){.id = text_copy(id), .name = text_copy(name)};
}

/* The youngest of the name. */
const char *asker_id(const struct asker *asker, const char *name)
{
        for (size_t i = asker->known.count; i-- > 0;)
                if (text_equal(asker->known.items[i].name, name))
                        return asker->known.items[i].id;
        return NULL;
}

static const char *name_of(const struct asker *asker, const char *id, size_t length)
{
        for (size_t i = 0; i < asker->known.count; i++)
                if (strlen(asker->known.items[i].id) == length &&
                    strncmp(asker->known.items[i].id, id, length) == 0)
                        return asker->known.items[i].name;
        return "id";
}

static size_t id_length(const char *text)
{
        size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789");

        if (length == ID_LENGTH || (length == HEX_ID_LENGTH && strspn(text, "0123456789abcdef") == length))
                return length;
        return 0;
}

static size_t time_length(const char *text)
{
        static const char form[] = "0000-00-00T00:00:00";

        for (size_t i = 0; i < TIME_LENGTH; i++)
                if (form[i] == '0' ? !isdigit((unsigned char)text[i]) : text[i] != form[i])
                        return 0;
        return TIME_LENGTH + strspn(text + TIME_LENGTH, ".0123456789Z");
}

char *asker_normal(const struct asker *asker, const char *text)
{
        struct buffer out = {0};
        bool inside = false; /* of a word */

        for (size_t length; *text; text += length) {
                length = inside ? 0 : id_length(text);
                if (length) {
                        buffer_format(&out, "<%s>", name_of(asker, text, length));
                        continue;
                }
                length = inside ? 0 : time_length(text);
                if (length) {
                        buffer_add_text(&out, "<time>");
                        continue;
                }
                length = 1;
                inside = isalnum((unsigned char)*text);
                buffer_add(&out, *text == '\n' ? " " : text, 1);
        }
        return out.bytes ? buffer_steal(&out) : text_copy("");
}

char *asker_resolve(const struct asker *asker, const char *text)
{
        struct buffer out = {0};

        while (*text) {
                size_t length = strcspn(text + 1, "{}");
                if (*text == '{' && text[length + 1] == '}') {
                        _cleanup_free_ char *name = text_copy_n(text + 1, length);
                        const char *id = asker_id(asker, name);
                        if (id) {
                                buffer_add_text(&out, id);
                                text += length + 2;
                                continue;
                        }
                }
                buffer_add(&out, text++, 1);
        }
        return out.bytes ? buffer_steal(&out) : text_copy("");
}
