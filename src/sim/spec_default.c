#include "sim/api.h"

#include "json/edit.h"

/* What the engine adds to a spec, behind what was posted: always, or for who asks with insertDefaults. */

#define UPDATE_DEFAULTS                                                                                      \
        "{\"Parallelism\":1,\"FailureAction\":\"pause\",\"Monitor\":5000000000,\"MaxFailureRatio\":0,"       \
        "\"Order\":\"stop-first\"}"

static const struct addition {
        const char *outer, *inner; /* the object it stands in; NULL, NULL: the spec */
        const char *key, *value;
        bool asked; /* told with insertDefaults only */
} additions[] = {
        {"TaskTemplate", "ContainerSpec", "DNSConfig", "{}", true},
        {"TaskTemplate", "ContainerSpec", "StopGracePeriod", "10000000000", true},
        {"TaskTemplate", "ContainerSpec", "Isolation", "\"default\"", false},
        {"TaskTemplate", NULL, "Resources", "{\"Limits\":{},\"Reservations\":{}}", true},
        {"TaskTemplate", NULL, "RestartPolicy",
         "{\"Condition\":\"any\",\"Delay\":5000000000,\"MaxAttempts\":0}", true},
        {"TaskTemplate", NULL, "ForceUpdate", "0", false},
        {"TaskTemplate", NULL, "Runtime", "\"container\"", false},
        {NULL, NULL, "UpdateConfig", UPDATE_DEFAULTS, true},
        {NULL, NULL, "RollbackConfig", UPDATE_DEFAULTS, true},
        {NULL, NULL, "EndpointSpec", "{\"Mode\":\"vip\"}", true},
};

static json_node object_of(const struct json_document *d, const struct addition *addition)
{
        json_node root = json_root(d);

        if (!addition->outer)
                return root;
        return addition->inner ? json_path(d, root, addition->outer, addition->inner, NULL)
                               : json_get(d, root, addition->outer);
}

char *sim_spec_complete(const char *bytes, size_t length, bool asked)
{
        _cleanup_json_ struct json_document *d = NULL;
        char *texts[ELEMENTS(additions)] = {NULL};
        struct json_edit edits[ELEMENTS(additions)];
        bool filled[ELEMENTS(additions)] = {false}; /* whether something was put into the same object */
        struct buffer out = {0};
        size_t count = 0;

        if (json_parse(bytes, length, &d, NULL) < 0)
                return text_copy_n(bytes, length);
        for (size_t i = 0; i < ELEMENTS(additions); i++) {
                json_node object = object_of(d, &additions[i]);
                bool first = json_count(d, object) == 0 &&
                             !(i && filled[i - 1] && object == object_of(d, &additions[i - 1]));
                filled[i] = i && filled[i - 1] && object == object_of(d, &additions[i - 1]);
                if ((additions[i].asked && !asked) || json_type(d, object) != JSON_OBJECT ||
                    json_get(d, object, additions[i].key) != JSON_NONE)
                        continue;
                texts[count] =
                        text_format("%s\"%s\":%s", first ? "" : ",", additions[i].key, additions[i].value);
                edits[count] =
                        (struct json_edit){.offset = json_offset(d, object) + json_length(d, object) - 1,
                                           .inserted = texts[count]};
                filled[i] = true;
                count++;
        }
        json_edit_apply(bytes, length, edits, count, &out, NULL);
        for (size_t i = 0; i < count; i++)
                free(texts[i]);
        return buffer_steal(&out);
}
