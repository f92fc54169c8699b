#include "sim/api.h"

/*
 * A list is written as it is read, a part at a time, and only what passes the filters is written at all. What
 * changes between two parts is in it as it is when its turn comes.
 */

#define PART_BYTES (64 * 1024)

struct sim_list {
        const struct sim_list_kind *kind;
        struct sim_call call; /* owns its filters and its query */
        char *query;
        size_t next;
        bool begun;
};

static void list_done(struct sim_list *list)
{
        if (!list)
                return;
        sim_filters_done(&list->call.filters);
        free(list->query);
        free(list);
}

void sim_answer_done(struct sim_answer *answer)
{
        list_done(steal_pointer(answer->list));
        sim_tail_free(steal_pointer(answer->tail));
        buffer_done(&answer->body);
        *answer = (struct sim_answer){0};
}

static bool is_in(struct sim *sim, const struct sim_list *list, const void *object)
{
        return (!list->kind->is_listed || list->kind->is_listed(sim, &list->call, object)) &&
               sim_filters_pass(sim, &list->call, object, list->kind->matches);
}

static void write_part(struct sim *sim, struct sim_answer *answer)
{
        struct sim_list *list = answer->list;
        const struct sim_table *table = list->kind->table(sim);
        const struct sim_object *object;

        sim->asked = list->call.node;
        while (answer->body.length < PART_BYTES && (object = sim_table_from(table, list->next))) {
                list->next = object->ref.index + (size_t)1;
                if (!is_in(sim, list, object))
                        continue;
                if (list->begun)
                        buffer_add_text(&answer->body, ",");
                list->begun = true;
                list->kind->write(sim, &list->call, object, &answer->body);
        }
        if (answer->body.length >= PART_BYTES)
                return;
        buffer_add_text(&answer->body, "]\n");
        list_done(steal_pointer(answer->list));
}

void sim_answer_list(struct sim *sim, struct sim_call *call, const struct sim_list_kind *kind)
{
        struct sim_list *list = new_zero(struct sim_list);

        list->kind = kind;
        list->call = *call;
        call->filters = (struct sim_filters){0};
        list->query = text_copy(call->query);
        list->call.query = list->query;
        list->call.part = list->call.body = NULL;
        list->call.answer = NULL;
        call->answer->list = list;
        buffer_add_text(&call->answer->body, "[");
        write_part(sim, call->answer);
}

bool sim_answer_more(struct sim *sim, struct sim_answer *answer)
{
        buffer_clear(&answer->body);
        if (answer->tail)
                return sim_tail_more(sim, answer);
        if (!answer->list)
                return false;
        write_part(sim, answer);
        return true;
}
