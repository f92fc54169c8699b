#include "move/plan_host.h"

#include "move/patch/patch.h"

typedef struct json_writer *writer_t;
typedef const struct json_document *document_t;

typedef LIST(char *) texts_t;

/* The members that are lists of texts: one table for ending, writing and reading. */
static const struct texts_member {
        const char *key;
        size_t offset;
} texts_members[] = {
        {"reserved", offsetof(struct plan, reserved)},
        {"quiet_stacks", offsetof(struct plan, quiet_stacks)},
        {"quiet_busy", offsetof(struct plan, quiet_busy)},
        {"quiet_commands", offsetof(struct plan, quiet_commands)},
        {"pause_units", offsetof(struct plan, pause_units)},
};
_Static_assert(sizeof(texts_t) == sizeof(((struct plan *)NULL)->reserved), "every list is laid out alike");

static texts_t *texts_of(const struct plan *plan, const struct texts_member *member)
{
        return (texts_t *)((char *)plan + member->offset);
}

static const char *const road_names[] = {
        [ROAD_REBUILD] = "rebuild", [ROAD_UNIT] = "unit", [ROAD_COMMAND] = "command"};

/* Ending */

static void page_done(struct plan_page *page)
{
        free(page->url);
        free(page->at);
        free(page->origin);
        free(page->service);
        free(page->wanted_title);
        free(page->title);
        free(page->failure);
}

static void lists_done(struct plan *plan)
{
        for (size_t i = 0; i < plan->pauses.count; i++) {
                free(plan->pauses.items[i].id);
                free(plan->pauses.items[i].name);
        }
        for (size_t i = 0; i < plan->roads.count; i++)
                free(plan->roads.items[i].text);
        for (size_t i = 0; i < plan->pages.count; i++)
                page_done(&plan->pages.items[i]);
        for (size_t i = 0; i < plan->patches.count; i++)
                patch_done(&plan->patches.items[i]);
        free(plan->pauses.items);
        free(plan->roads.items);
        free(plan->pages.items);
        free(plan->patches.items);
}

void plan_host_done(struct plan *plan)
{
        free(plan->host);
        free(plan->planner);
        for (size_t i = 0; i < ELEMENTS(texts_members); i++) {
                texts_t *texts = texts_of(plan, &texts_members[i]);
                for (size_t j = 0; j < texts->count; j++)
                        free(texts->items[j]);
                free(texts->items);
        }
        lists_done(plan);
}

/* Writing */

static void write_texts(writer_t w, const char *key, const texts_t *texts)
{
        json_write_key(w, key);
        json_write_array(w);
        for (size_t i = 0; i < texts->count; i++)
                json_write_text(w, texts->items[i]);
        json_write_array_end(w);
}

static void write_pauses(writer_t w, const struct plan *plan)
{
        json_write_key(w, "pauses");
        json_write_array(w);
        for_each_pause (pause, plan) {
                json_write_object(w);
                json_write_member_text(w, "id", pause->id);
                json_write_member_text(w, "name", pause->name);
                json_write_member_u64(w, "replicas", pause->replicas);
                json_write_object_end(w);
        }
        json_write_array_end(w);
}

static void write_roads(writer_t w, const struct plan *plan)
{
        json_write_key(w, "roads");
        json_write_array(w);
        for_each_road (road, plan) {
                json_write_object(w);
                json_write_member_text(w, "kind", road_names[road->kind]);
                json_write_member_text(w, "text", road->text);
                json_write_object_end(w);
        }
        json_write_array_end(w);
        json_write_member_u64(w, "roads_timeout_s", plan->roads_timeout_s);
        json_write_member_u64(w, "quiet_wait_s", plan->quiet_wait_s);
}

static void write_page(writer_t w, const struct plan_page *page)
{
        json_write_object(w);
        json_write_member_text(w, "url", page->url);
        json_write_member_text(w, "at", page->at);
        json_write_member_text(w, "origin", page->origin);
        json_write_member_text(w, "service", page->service);
        json_write_member_bool(w, "wanted", page->wanted);
        json_write_member_u64(w, "wanted_status", page->wanted_status);
        json_write_member_text(w, "wanted_title", page->wanted_title);
        json_write_member_u64(w, "status", page->status);
        json_write_member_u64(w, "length", page->length);
        json_write_member_text(w, "title", page->title);
        json_write_member_text(w, "failure", page->failure);
        json_write_object_end(w);
}

static void write_patch(writer_t w, const struct plan_patch *patch)
{
        json_write_object(w);
        json_write_member_text(w, "path", patch->path);
        json_write_member_u64(w, "line", patch->line);
        json_write_member_text(w, "declaration", patch->declaration);
        json_write_member_bool(w, "in_place", patch->in_place);
        json_write_member_text(w, "before", patch->before);
        json_write_member_text(w, "after", patch->after);
        json_write_key(w, "edits");
        json_write_array(w);
        for (size_t i = 0; i < patch->edits.count; i++) {
                json_write_object(w);
                json_write_member_u64(w, "offset", patch->edits.items[i].offset);
                json_write_member_text(w, "original", patch->edits.items[i].original);
                json_write_member_text(w, "edited", patch->edits.items[i].edited);
                json_write_object_end(w);
        }
        json_write_array_end(w);
        json_write_object_end(w);
}

void plan_host_write(writer_t w, const struct plan *plan)
{
        json_write_member_text(w, "host", plan->host);
        json_write_member_text(w, "planner", plan->planner);
        for (size_t i = 0; i < ELEMENTS(texts_members); i++)
                write_texts(w, texts_members[i].key, texts_of(plan, &texts_members[i]));
        write_pauses(w, plan);
        write_roads(w, plan);
        json_write_key(w, "pages");
        json_write_array(w);
        for (size_t i = 0; i < plan->pages.count; i++)
                write_page(w, &plan->pages.items[i]);
        json_write_array_end(w);
        json_write_key(w, "patches");
        json_write_array(w);
        for (size_t i = 0; i < plan->patches.count; i++)
                write_patch(w, &plan->patches.items[i]);
        json_write_array_end(w);
}

/* Reading */

static char *text_at(document_t d, json_node object, const char *key)
{
        return json_text(d, json_get(d, object, key));
}

static uint64_t number_at(document_t d, json_node object, const char *key)
{
        uint64_t value = 0;

        json_u64(d, json_get(d, object, key), &value);
        return value;
}

static enum road_kind road_kind_of(document_t d, json_node name)
{
        for (size_t i = 0; i < ELEMENTS(road_names); i++)
                if (json_text_is(d, name, road_names[i]))
                        return (enum road_kind)i;
        return ROAD_COMMAND;
}

static void read_page(document_t d, json_node object, struct plan_page *page)
{
        *page = (struct plan_page){
                .url = text_at(d, object, "url"),
                .at = text_at(d, object, "at"),
                .origin = text_at(d, object, "origin"),
                .service = text_at(d, object, "service"),
                .wanted = json_bool(d, json_get(d, object, "wanted")),
                .wanted_status = number_at(d, object, "wanted_status"),
                .wanted_title = text_at(d, object, "wanted_title"),
                .status = number_at(d, object, "status"),
                .length = number_at(d, object, "length"),
                .title = text_at(d, object, "title"),
                .failure = text_at(d, object, "failure"),
        };
}

static void read_patch(document_t d, json_node object, struct plan_patch *patch)
{
        *patch = (struct plan_patch){
                .path = text_at(d, object, "path"),
                .line = number_at(d, object, "line"),
                .declaration = text_at(d, object, "declaration"),
                .in_place = json_bool(d, json_get(d, object, "in_place")),
                .before = text_at(d, object, "before"),
                .after = text_at(d, object, "after"),
        };
        json_for_each (entry, d, json_get(d, object, "edits"))
                *list_add(&patch->edits) =
                        (struct plan_patch_edit){number_at(d, entry, "offset"), text_at(d, entry, "original"),
                                                 text_at(d, entry, "edited")};
}

void plan_host_read(document_t d, json_node root, struct plan *plan)
{
        plan->host = text_at(d, root, "host");
        plan->planner = text_at(d, root, "planner");
        for (size_t i = 0; i < ELEMENTS(texts_members); i++)
                json_for_each (entry, d, json_get(d, root, texts_members[i].key))
                        *list_add(texts_of(plan, &texts_members[i])) = json_text(d, entry);
        json_for_each (entry, d, json_get(d, root, "pauses"))
                *list_add(&plan->pauses) = (struct plan_pause){
                        text_at(d, entry, "id"), text_at(d, entry, "name"), number_at(d, entry, "replicas")};
        json_for_each (entry, d, json_get(d, root, "roads"))
                *list_add(&plan->roads) = (struct plan_road){road_kind_of(d, json_get(d, entry, "kind")),
                                                             text_at(d, entry, "text")};
        plan->roads_timeout_s = number_at(d, root, "roads_timeout_s");
        plan->quiet_wait_s = number_at(d, root, "quiet_wait_s");
        json_for_each (entry, d, json_get(d, root, "pages"))
                read_page(d, entry, list_add(&plan->pages));
        json_for_each (entry, d, json_get(d, root, "patches"))
                read_patch(d, entry, list_add(&plan->patches));
}

/* Completeness */

static bool texts_are_complete(const struct plan *plan)
{
        for (size_t i = 0; i < ELEMENTS(texts_members); i++) {
                const texts_t *texts = texts_of(plan, &texts_members[i]);
                for (size_t j = 0; j < texts->count; j++)
                        if (text_empty(texts->items[j]))
                                return false;
        }
        return true;
}

static bool patch_is_complete(const struct plan_patch *patch)
{
        for (size_t i = 0; i < patch->edits.count; i++)
                if (!patch->edits.items[i].original || !patch->edits.items[i].edited)
                        return false;
        return patch->path && *patch->path == '/' && patch->before && patch->after;
}

bool plan_host_is_complete(const struct plan *plan)
{
        for (size_t i = 0; i < plan->pauses.count; i++)
                if (text_empty(plan->pauses.items[i].id) || text_empty(plan->pauses.items[i].name))
                        return false;
        for (size_t i = 0; i < plan->roads.count; i++)
                if (text_empty(plan->roads.items[i].text))
                        return false;
        for (size_t i = 0; i < plan->pages.count; i++)
                if (text_empty(plan->pages.items[i].url) || text_empty(plan->pages.items[i].origin))
                        return false;
        for (size_t i = 0; i < plan->patches.count; i++)
                if (!patch_is_complete(&plan->patches.items[i]))
                        return false;
        return texts_are_complete(plan);
}
