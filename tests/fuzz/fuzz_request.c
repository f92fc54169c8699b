/*
 * Any bytes at all as requests to a small simulated swarm, one after the other: each is answered with a
 * status of HTTP, to its last part, and afterwards the swarm still agrees with itself. A request is "METHOD
 * TARGET", a new line and its body, and ends at a NUL.
 */

#include "sim/sim.h"

#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUESTS_MAX 12
#define PARTS_MAX    1000
#define BETWEEN_MS   700 /* tasks come to run, and end, in between */

#define MUST(condition)                                                                                      \
        do {                                                                                                 \
                if (!(condition))                                                                            \
                        abort();                                                                             \
        } while (0)

static void ask(struct sim *sim, const char *method, const char *path, const char *query, const char *body,
                size_t body_length)
{
        struct sim_answer answer _cleanup_(sim_answer_done) = {0};
        const struct sim_request request = {
                .method = method, .path = path, .query = query, .body = body, .body_length = body_length};

        sim_request(sim, &request, &answer);
        MUST(answer.status == 0 || (answer.status >= 200 && answer.status < 600));
        for (size_t parts = 0; sim_answer_more(sim, &answer); parts++)
                MUST(parts < PARTS_MAX);
}

/* `text` is ours to cut up. */
static void ask_text(struct sim *sim, char *text, size_t length)
{
        size_t head = strcspn(text, "\n");
        char *body = head < length ? text + head + 1 : text + head;
        size_t body_length = length - (size_t)(body - text);

        text[head] = 0;
        char *path = text + strcspn(text, " ");
        path += *path ? (*path = 0, 1) : 0;
        char *query = path + strcspn(path, "?");
        query += *query ? (*query = 0, 1) : 0;
        ask(sim, text, path, query, body_length ? body : NULL, body_length);
}

static struct sim *small_swarm(void)
{
        static const char *const setup[] = {
                "POST /networks/create\n{\"Name\":\"n\",\"Driver\":\"overlay\",\"Attachable\":true,\"IPAM\":{"
                "\"Config\":[{\"Subnet\":\"10.9.0.0/28\"}]}}",
                "POST "
                "/services/create\n{\"Name\":\"s\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"x\"},"
                "\"Placement\":{},\"Networks\":[{\"Target\":\"n\"}]},\"Mode\":{\"Replicated\":{\"Replicas\":"
                "2}"
                "}}",
        };
        struct sim *sim = sim_open(&(struct sim_settings){.nodes = 2});

        sim_image_add(sim, "x");
        for (size_t i = 0; i < ELEMENTS(setup); i++) {
                _cleanup_free_ char *text = text_copy(setup[i]);
                ask_text(sim, text, strlen(text));
                sim_run_until(sim, sim_now_ms(sim) + BETWEEN_MS);
        }
        return sim;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_sim_ struct sim *sim = small_swarm();
        size_t at = 0;

        for (size_t i = 0; i < REQUESTS_MAX && at < size; i++) {
                const uint8_t *end = memchr(data + at, 0, size - at);
                size_t length = end ? (size_t)(end - data) - at : size - at;
                _cleanup_free_ char *text = text_copy_n((const char *)data + at, length);
                ask_text(sim, text, length);
                sim_run_until(sim, sim_now_ms(sim) + BETWEEN_MS);
                at += length + 1;
        }
        _cleanup_free_ char *fault = sim_inconsistency(sim);
        MUST(!fault);
        return 0;
}
