#include "sim/forecast/client.h"

#include "base/text.h"

int client_ask(struct sim *sim, const char *method, const char *path, const char *body, char **ret_answer)
{
        size_t length = strcspn(path, "?");
        _cleanup_free_ char *plain = text_copy_n(path, length);
        struct sim_request request = {.method = method,
                                      .path = plain,
                                      .query = path[length] ? path + length + 1 : "",
                                      .body = body,
                                      .body_length = body ? strlen(body) : 0};
        _cleanup_sim_answer_ struct sim_answer answer = {0};

        sim_request(sim, &request, &answer);
        if (ret_answer)
                *ret_answer = text_copy(buffer_text(&answer.body));
        return answer.status;
}
