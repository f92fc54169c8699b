#pragma once

/* How the API's handlers work, for the files of this room only. */

#include "sim/state.h"
#include "json/json.h"
#include "json/write.h"

#define SIM_REPLICAS_MAX 250000

/* What the swarm's authority is said to be. */
#define SIM_TLS_INFO                                                                                         \
        "\"TLSInfo\":{\"TrustRoot\":\"-----BEGIN CERTIFICATE-----\\nc2lt\\n-----END CERTIFICATE-----\\n\","  \
        "\"CertIssuerSubject\":\"MBMxETAPBgNVBAMTCHN3YXJtLWNh\",\"CertIssuerPublicKey\":\"c2lt\"}"
/* Of a network that a container is to be attached to; its name twice. */
#define SIM_NOT_ATTACHED_UNKNOWN                                                                             \
        "Could not attach to network %s: rpc error: code = NotFound desc = network %s not found"

/* `filters={"name":["a"],"label":{"b=c":true}}`: each value with its key. */
struct sim_filter {
        char *key, *value;
};
struct sim_filters {
        LIST(struct sim_filter) items;
};

/* A request under way. */
struct sim_call {
        const char *part; /* what the route's wildcard stands for */
        const char *query;
        const char *body, *content_type;
        size_t body_length;
        uint32_t node;
        int minor;        /* that was asked for */
        int engine_minor; /* that the engine speaks */
        bool live;
        struct sim_filters filters; /* of a list that goes on they are the list's */
        struct sim_answer *answer;
};

/* Sets the status and the engine's error object. Always false. */
bool sim_refuse(struct sim_answer *answer, int status, const char *format, ...) _printf_(3, 4);
/* The body as an object of JSON, which the engine calls so; refused in its words when it is none. NULL then.
 */
struct json_document *sim_body(struct sim_call *call, const char *type);
/* The same, and what is said to be something else than JSON is refused, too. */
struct json_document *sim_typed_body(struct sim_call *call, const char *type);
const char *sim_json_type_name(enum json_type type); /* as Go calls it */
/* types.c: whether all members that an engine knows are of its types; refused in its words when not. */
struct sim_type;
extern const struct sim_type sim_type_service, sim_type_network;
bool sim_type_fits(const struct sim *sim, const struct json_document *d, const struct sim_type *type,
                   struct sim_answer *answer);
/* complaint.c: what is wrong with a text that is no JSON. */
char *sim_json_complaint(const char *bytes, size_t length);
/* Engines before 26.1 want a body; for those from then on an empty object is put in its place. */
bool sim_body_is_there(struct sim_call *call);

/* query.c */
char *sim_query(const struct sim_call *call, const char *key); /* decoded; NULL when absent */
bool sim_query_flag(const struct sim_call *call, const char *key);
char *sim_decode(const char *text, size_t length); /* percent-encoding undone */
bool sim_filters_read(struct sim_call *call,
                      const char *const *known); /* `known` ends with NULL, and is NULL for any */
/* Whether all values of a key are among the words, else refused as an engine does. */
bool sim_filter_words(const struct sim_call *call, const char *key, const char *const *words);
void sim_filters_done(struct sim_filters *filters);
bool sim_filters_have(const struct sim_filters *filters, const char *key);
/* Of each key any value must match, of labels all. */
typedef bool (*sim_matcher)(struct sim *sim, const struct sim_call *call, const void *object, const char *key,
                            const char *value);
bool sim_filters_pass(struct sim *sim, const struct sim_call *call, const void *object, sim_matcher matches);
bool sim_label_matches(const char *labels, size_t length, const char *wanted); /* "key" or "key=value" */

/* list.c: an array of a table's objects, rendered as it is read */
struct sim_list_kind {
        struct sim_table *(*table)(struct sim *sim);
        bool (*is_listed)(struct sim *sim, const struct sim_call *call, const void *object);
        sim_matcher matches;
        void (*write)(struct sim *sim, const struct sim_call *call, const void *object, struct buffer *out);
};
void sim_answer_list(struct sim *sim, struct sim_call *call, const struct sim_list_kind *kind);

/* events.c */
bool sim_tail_more(struct sim *sim, struct sim_answer *answer);
struct sim_tail *sim_tail_free(struct sim_tail *tail);

/* api_system.c */
bool sim_is_manager(struct sim *sim, struct sim_call *call); /* what follows is refused to a worker */
size_t sim_managers(struct sim *sim);

/* What writes one object. */
void sim_write_network(struct sim *sim, const struct sim_call *call, const struct sim_network *network,
                       bool inspected, struct buffer *out);
void sim_write_service(struct sim *sim, const struct sim_call *call, const struct sim_service *service,
                       struct buffer *out);
void sim_write_task(struct sim *sim, const struct sim_task *task, struct buffer *out);
void sim_write_node(struct sim *sim, const struct sim_node *node, struct buffer *out);
void sim_write_container(struct sim *sim, const struct sim_container *container, struct buffer *out);
void sim_write_container_line(struct sim *sim, const struct sim_container *container, struct buffer *out);
void sim_write_head(struct sim *sim, const struct sim_object *object,
                    struct buffer *out); /* from Version on */
const char *sim_update_state_name(enum sim_update_state state);
void sim_network_id(const struct sim *sim, const struct sim_network *network, char ret_id[SIM_HEX_ID_SIZE]);
void sim_write_container_labels(struct sim *sim, const struct sim_task *task, struct buffer *out);
void sim_write_text(struct buffer *out, const char *text); /* quoted */
void sim_write_number(struct buffer *out, uint64_t number);

typedef void (*sim_handler)(struct sim *sim, struct sim_call *call);

void sim_get_ping(struct sim *, struct sim_call *);
void sim_get_version(struct sim *, struct sim_call *);
void sim_get_info(struct sim *, struct sim_call *);
void sim_get_swarm(struct sim *, struct sim_call *);
void sim_get_events(struct sim *, struct sim_call *);
void sim_get_distribution(struct sim *, struct sim_call *);
void sim_get_nothing(struct sim *, struct sim_call *);
void sim_get_nodes(struct sim *, struct sim_call *);
void sim_get_node(struct sim *, struct sim_call *);
void sim_update_node(struct sim *, struct sim_call *);
void sim_delete_node(struct sim *, struct sim_call *);
void sim_get_networks(struct sim *, struct sim_call *);
void sim_get_network(struct sim *, struct sim_call *);
void sim_create_network(struct sim *, struct sim_call *);
void sim_delete_network(struct sim *, struct sim_call *);
void sim_prune_networks(struct sim *, struct sim_call *);
void sim_post_connect(struct sim *, struct sim_call *);
void sim_post_disconnect(struct sim *, struct sim_call *);
void sim_get_services(struct sim *, struct sim_call *);
void sim_get_service(struct sim *, struct sim_call *);
void sim_create_service(struct sim *, struct sim_call *);
void sim_update_service(struct sim *, struct sim_call *);
void sim_delete_service(struct sim *, struct sim_call *);
void sim_get_tasks(struct sim *, struct sim_call *);
void sim_get_task(struct sim *, struct sim_call *);
void sim_get_containers(struct sim *, struct sim_call *);
void sim_get_container(struct sim *, struct sim_call *);
void sim_create_container(struct sim *, struct sim_call *);
void sim_start_container(struct sim *, struct sim_call *);
void sim_stop_container(struct sim *, struct sim_call *);
void sim_delete_container(struct sim *, struct sim_call *);
void sim_get_images(struct sim *, struct sim_call *);
void sim_get_image(struct sim *, struct sim_call *);
void sim_import_image(struct sim *, struct sim_call *);
void sim_delete_image(struct sim *, struct sim_call *);
