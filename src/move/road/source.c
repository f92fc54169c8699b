#include "move/road/source.h"

#include "base/buffer.h"
#include "base/file.h"

#include <sys/stat.h>

struct gathering {
        struct road_sources *sources;
        road_reader read;
        void *userdata;
        size_t scripts;
};

void road_sources_done(struct road_sources *sources)
{
        for (size_t i = 0; i < sources->items.count; i++) {
                free(sources->items.items[i].path);
                road_statements_done(&sources->items.items[i].statements);
        }
        for (size_t i = 0; i < sources->deploys.items.count; i++)
                free(sources->deploys.items.items[i]);
        free(sources->items.items);
        free(sources->deploys.items.items);
        *sources = (struct road_sources){0};
}

bool road_sources_have(const struct road_sources *sources, const char *path)
{
        for (size_t i = 0; i < sources->items.count; i++)
                if (path && text_equal(sources->items.items[i].path, path))
                        return true;
        return false;
}

char *road_read_file(_unused_ void *userdata, const char *path)
{
        _cleanup_buffer_ struct buffer bytes = {0};
        struct stat status;

        if (stat(path, &status) < 0 || !S_ISREG(status.st_mode) ||
            (uint64_t)status.st_size > ROAD_SCRIPT_BYTES_MAX ||
            file_read(path, ROAD_SCRIPT_BYTES_MAX, &bytes, NULL) < 0 || !bytes.length ||
            memchr(bytes.bytes, 0, bytes.length))
                return NULL;
        return buffer_steal(&bytes);
}

static void take_text(struct gathering *g, const char *path, const char *text, unsigned depth);

/* A script says so in its first line; one that is given to a shell need not. */
static void take_path(struct gathering *g, const char *path, bool for_shell, unsigned depth)
{
        if (g->scripts >= ROAD_SCRIPTS_MAX || depth > ROAD_SCRIPT_DEPTH ||
            road_sources_have(g->sources, path))
                return;
        _cleanup_free_ char *text = g->read(g->userdata, path);
        if (!text || !(for_shell || text_starts_with(text, "#!")))
                return;
        g->scripts++;
        take_text(g, path, text, depth);
}

static void take_words(struct gathering *g, const struct road_statement *statement, unsigned depth)
{
        const char *text = statement->text;
        bool for_shell = false; /* the next word that is no option is a script's path */

        for (char *word; (word = road_next_word(&text)); free(word)) {
                if (*word == '/' && !road_is_shell(word))
                        take_path(g, word, for_shell, depth + 1);
                for_shell = road_is_shell(word) || (for_shell && *word == '-');
        }
}

static void take_deploys(struct gathering *g, const struct road_statement *statement)
{
        bool unnamed;
        char *name = road_statement_deploys(statement, &unnamed);

        if (name)
                *list_add(&g->sources->deploys.items) = name;
        g->sources->unnamed = g->sources->unnamed || unnamed;
}

/* The list of sources may move while scripts of this one are taken. */
static void take_text(struct gathering *g, const char *path, const char *text, unsigned depth)
{
        struct road_statements statements = {0};

        road_script_split(text, &statements);
        *list_add(&g->sources->items) = (struct road_source){text_copy(path), statements};
        for (size_t i = 0; i < statements.items.count; i++) {
                take_deploys(g, &statements.items.items[i]);
                take_words(g, &statements.items.items[i], depth);
        }
}

void road_sources_of(const struct unit_state *unit, road_reader read, void *userdata,
                     struct road_sources *ret_sources)
{
        struct gathering g = {.sources = ret_sources, .read = read, .userdata = userdata};

        for (size_t i = 0; i < unit->commands.items.count; i++)
                take_text(&g, NULL, unit->commands.items.items[i], 0);
}
