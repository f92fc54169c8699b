#include "cli/reserve.h"

void reserve_done(struct reserve *reserve)
{
        for (size_t i = 0; i < reserve->origins.count; i++)
                free(reserve->origins.items[i]);
        free(reserve->origins.items);
        free(reserve->ranges.items);
        free(reserve->words);
        *reserve = (struct reserve){0};
}

int reserve_gather(const struct invocation *invocation, const struct settings *settings,
                   struct reserve *ret_reserve, struct error *error)
{
        char *rest = NULL;

        if (invocation_check_list(invocation, "reserve", "ranges such as 10.20.0.0/16", error) < 0)
                return -1;
        char *words = text_copy(invocation_value(invocation, "reserve"));
        *ret_reserve = (struct reserve){.words = words};
        for (size_t i = 0; i < settings->reserve.items.count; i++) {
                const struct setting_text *item = &settings->reserve.items.items[i];
                char *origin = text_format("reserve at %s:%u", settings->path, item->line);
                *list_add(&ret_reserve->origins) = origin;
                *list_add(&ret_reserve->ranges) = (struct reserved_range){item->text, origin};
        }
        for (char *word = words ? strtok_r(words, ",", &rest) : NULL; word;
             word = strtok_r(NULL, ",", &rest)) {
                if (ret_reserve->ranges.count == RESERVED_MAX)
                        return error_set(error, ERROR_USAGE, "more than %d ranges are reserved",
                                         RESERVED_MAX);
                *list_add(&ret_reserve->ranges) = (struct reserved_range){word, "--reserve"};
        }
        return 0;
}
