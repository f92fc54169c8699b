#include "pool/choose.h"

#include <stdarg.h>

void occupied_done(struct occupied *occupied)
{
        for (size_t i = 0; i < occupied->ranges.count; i++)
                free(occupied->ranges.items[i].owner);
        free(occupied->ranges.items);
        *occupied = (struct occupied){0};
}

void occupied_add(struct occupied *occupied, struct prefix prefix, const char *format, ...)
{
        struct occupied_range *range = list_add(&occupied->ranges);
        va_list arguments;

        va_start(arguments, format);
        range->owner = text_vformat(format, arguments);
        va_end(arguments);
        range->prefix = prefix;
}

void occupied_add_overlay(struct occupied *occupied, struct prefix prefix, const char *network)
{
        struct occupied_range *range = list_add(&occupied->ranges);

        *range = (struct occupied_range){prefix, text_format("overlay %s", network), .overlay = true};
}

const struct occupied_range *occupied_find(const struct occupied *occupied, struct prefix prefix)
{
        for (size_t i = 0; i < occupied->ranges.count; i++) {
                if (prefix_overlaps(occupied->ranges.items[i].prefix, prefix))
                        return &occupied->ranges.items[i];
        }
        return NULL;
}
