/*
 * Any bytes at all as a scenario file: refused with FILE:LINE and a sentence, or it can be; what can be is
 * opened when it is small, and comes to agree with itself or is refused in the same way.
 */

#include "sim/scenario/scenario.h"

#include "base/text.h"

#include <ctype.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libfyaml 0.7 loses some bytes of its own where a quote is not closed. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
        return "leak:libfyaml\n";
}

#define MUST(condition)                                                                                      \
        do {                                                                                                 \
                if (!(condition))                                                                            \
                        abort();                                                                             \
        } while (0)

static void check_refusal(const struct error *error)
{
        const char *line = error->sentence + strlen("s.yaml:");

        MUST(error->kind == ERROR_USAGE && text_starts_with(error->sentence, "s.yaml:"));
        MUST(isdigit((unsigned char)*line) && *line != '0');
        MUST(text_starts_with(line + strspn(line, "0123456789"), ": "));
}

/* Numbers of four digits make swarms that take seconds, as does waiting long for one that never rests. */
static bool is_small(const char *bytes, size_t size)
{
        _cleanup_free_ char *text = text_copy_n(bytes, size);
        size_t digits = 0;

        for (size_t i = 0; i < size; i++) {
                digits = isdigit((unsigned char)bytes[i]) ? digits + 1 : 0;
                if (digits > 3)
                        return false;
        }
        return !strstr(text, "settle") && !strstr(text, "generate");
}

static void check_open(const struct scenario *scenario)
{
        _cleanup_error_ struct error error = {0};
        _cleanup_sim_ struct sim *sim = NULL;

        if (scenario_open(scenario, 7, &sim, &error) < 0) {
                check_refusal(&error);
                MUST(!sim);
                return;
        }
        _cleanup_free_ char *fault = sim_inconsistency(sim);
        MUST(!fault);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *bytes = memory_new(size, 1); /* no NUL behind it: a read beyond is seen */
        _cleanup_scenario_ struct scenario *scenario = NULL;
        _cleanup_error_ struct error error = {0};

        if (size)
                memcpy(bytes, data, size);
        if (scenario_parse(bytes, size, "s.yaml", &scenario, &error) < 0) {
                check_refusal(&error);
                MUST(!scenario);
        } else if (is_small(bytes, size)) {
                check_open(scenario);
        }
        return 0;
}
