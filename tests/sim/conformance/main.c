#include "ask.h"

#include "base/clock.h"
#include "base/file.h"

#include <getopt.h>
#include <stdio.h>

/*
 * conformance QUESTIONS --engine 20.10 [--answers FILE]            asks the simulated swarm
 * conformance QUESTIONS --host unix://... --acts PROGRAM [...]     asks a real one, a --host for each node
 *
 * Without --answers the answers are printed, to be recorded; with it they are compared, and a line in the
 * form of TAP says of each question whether they agree. Of real engines only the questions for so many nodes
 * are asked. --only TEXT|TEXT asks those whose name has the text.
 */

#define ANSWERS_BYTES_MAX ((size_t)1 << 20)
#define ASK_TIMES_MAX     3
#define SETTLE_MS         1000 /* of virtual time, from a simulated swarm's beginning to the first question */

struct options {
        const char *questions, *answers, *acts, *engine, *only;
        const char *hosts[ASK_NODES_MAX];
        size_t host_count;
};

static const struct {
        const char *name;
        int minor;
} versions[] = {{"20.10", 41}, {"26.1", 45}, {"28.5", 51}};

static int fail(const char *sentence)
{
        fprintf(stderr, "conformance: %s\n", sentence);
        return 3;
}

/* The swarm that is asked */

static int minor_of(const char *engine)
{
        for (size_t i = 0; i < ELEMENTS(versions); i++)
                if (text_equal(versions[i].name, engine))
                        return versions[i].minor;
        return 0;
}

/* As the commands of spec.c behave. */
static void set_behaviours(struct sim *sim)
{
        static const struct sim_model models[] = {
                {.start_ms = 700, .stop_ms = 200},
                {.start_ms = 700, .stop_ms = 1000000},
                {.start_ms = 300, .fails = true},
                {.start_ms = 700, .run_ms = 1000},
                {.start_ms = 700, .healthy_after_ms = 1000, .stop_ms = 200},
                {.start_ms = 700, .healthy_after_ms = 1000, .stop_ms = 200, .fails = true},
        };

        for (size_t i = 0; behaviours[i]; i++) {
                _cleanup_free_ char *image = text_format("conform:%s", behaviours[i]);
                sim_model_image(sim, image, &models[i]);
        }
}

static void open_sim(struct asker *asker, int minor, const struct question *question)
{
        asker->sim = sim_open(&(struct sim_settings){
                .nodes = question->nodes, .api_version_minor = minor, .seed = 7, .pool = question->pool});
        asker->nodes = question->nodes;
        set_behaviours(asker->sim);
        clock_use(sim_clock(asker->sim));
        for (size_t i = 0; i < asker->nodes; i++)
                asker->engines[i] = sim_engine_open(asker->sim, i);
        sim_run_until(asker->sim, sim_now_ms(asker->sim) + SETTLE_MS);
}

static void close_sim(struct asker *asker)
{
        for (size_t i = 0; i < asker->nodes; i++)
                asker->engines[i] = engine_free(asker->engines[i]);
        clock_use(NULL);
        asker->sim = sim_free(asker->sim);
}

/* A real swarm is made anew where that matters, and again after one that had a pool of its own. */
static void make_fresh(struct asker *asker, const char *pool)
{
        _cleanup_free_ char *words = text_format("fresh %s", pool ? pool : "");

        if (!asker_act(asker, words))
                buffer_add_text(&asker->record, "  no fresh swarm could be made\n");
}

static int open_hosts(struct asker *asker, const struct options *options, struct error *error)
{
        for (size_t i = 0; i < options->host_count; i++) {
                struct engine_address address _cleanup_(engine_address_done) = {
                        .host = text_copy(options->hosts[i]), .origin = text_copy("--host")};
                if (engine_open(&address, &asker->engines[i], error) < 0)
                        return -1;
                asker->nodes = i + 1;
        }
        return 0;
}

/* What was recorded */

/* A question's section, its name's line left out; NULL when there is none. Owned by the caller. */
static char *recorded(const char *answers, const char *name)
{
        size_t length = strlen(name);

        for (const char *at = answers; *at; at += strcspn(at, "\n"), at += *at == '\n') {
                if (strncmp(at, name, length) != 0 || (at[length] && at[length] != '\n'))
                        continue;
                const char *begin = at + length + (at[length] == '\n');
                const char *end = begin;
                while (*end == ' ')
                        end += strcspn(end, "\n"), end += *end == '\n';
                return text_copy_n(begin, (size_t)(end - begin));
        }
        return NULL;
}

static bool has_line(const char *text, const char *line, size_t length)
{
        for (const char *at = text; *at; at += strcspn(at, "\n"), at += *at == '\n')
                if (strcspn(at, "\n") == length && strncmp(at, line, length) == 0)
                        return true;
        return false;
}

/* The lines of `text` that `other` does not have. */
static void print_missing(const char *label, const char *text, const char *other)
{
        for (const char *at = text; *at; at += strcspn(at, "\n"), at += *at == '\n')
                if (!has_line(other, at, strcspn(at, "\n")))
                        printf("# %s%.*s\n", label, (int)strcspn(at, "\n"), at);
}

static bool compare(size_t number, const struct question *question, const char *answers, const char *answer)
{
        _cleanup_free_ char *expected = recorded(answers, question->name);
        bool same = text_equal(expected, answer);

        printf("%sok %zu - %s\n", same ? "" : "not ", number, question->name);
        if (!expected)
                puts("# it was not recorded");
        else if (!same) {
                print_missing("recorded:", expected, answer);
                print_missing("answered:", answer, expected);
        }
        fflush(stdout);
        return same;
}

/* A section that no question asks for would be compared with nothing. */
static bool all_are_asked(const struct questions *questions, const char *answers)
{
        bool all = true;

        for (const char *at = answers; *at; at += strcspn(at, "\n"), at += *at == '\n') {
                bool asked = *at == ' ' || *at == '#' || *at == '\n';
                for (size_t i = 0; !asked && i < questions->items.count; i++)
                        asked = strncmp(questions->items.items[i].name, at, strcspn(at, "\n")) == 0 &&
                                strlen(questions->items.items[i].name) == strcspn(at, "\n");
                if (asked)
                        continue;
                printf("not ok - recorded, and not asked: %.*s\n", (int)strcspn(at, "\n"), at);
                all = false;
        }
        return all;
}

/* Asking */

static void ask_one(struct asker *asker, const struct question *question)
{
        if (question->fresh && !asker->sim)
                make_fresh(asker, question->pool);
        asker_begin(asker);
        for (size_t i = 0; i < question->steps.count; i++)
                step_run(asker, &question->steps.items[i]);
        asker_clean(asker);
        if (question->pool && !asker->sim)
                make_fresh(asker, NULL);
}

/* "one|other": any of them is part of the name. */
static bool is_named(const struct question *question, const char *parts)
{
        for (const char *at = parts; *at; at += strcspn(at, "|"), at += *at == '|') {
                _cleanup_free_ char *part = text_copy_n(at, strcspn(at, "|"));
                if (strstr(question->name, part))
                        return true;
        }
        return false;
}

static bool is_wanted(const struct options *options, const struct question *question)
{
        if (options->only && !is_named(question, options->only))
                return false;
        return options->engine || question->nodes == options->host_count;
}

/*
 * Of two things that a real engine does at once (a service's tasks are let go, its network is removed) now
 * and then the other one is done first, above all when much else goes on. So where its answer is not the
 * recorded one, the whole question is asked again, and that is told.
 */
static void ask_until_alike(struct asker *asker, const struct question *question, const char *answers)
{
        _cleanup_free_ char *expected = answers ? recorded(answers, question->name) : NULL;

        ask_one(asker, question);
        for (int times = 1; expected && !asker->sim && times < ASK_TIMES_MAX &&
                            !text_equal(expected, buffer_text(&asker->record));
             times++) {
                printf("# asked again, since the answer was another one: %s\n", question->name);
                asker_done(asker);
                ask_one(asker, question);
        }
}

/* How many questions were not answered as recorded. */
static size_t ask_all(struct asker *asker, const struct options *options, const struct questions *questions,
                      const char *answers)
{
        size_t number = 0;
        size_t wrong = 0;

        for (size_t i = 0; i < questions->items.count; i++) {
                const struct question *question = &questions->items.items[i];
                if (!is_wanted(options, question))
                        continue;
                if (options->engine)
                        open_sim(asker, minor_of(options->engine), question);
                ask_until_alike(asker, question, answers);
                if (answers)
                        wrong += !compare(++number, question, answers, buffer_text(&asker->record));
                else
                        printf("%s\n%s", question->name, buffer_text(&asker->record)), fflush(stdout);
                asker_done(asker);
                if (options->engine)
                        close_sim(asker);
        }
        if (answers && !number)
                puts("not ok - there is no such question");
        return answers && !number ? 1 : wrong;
}

static int run(const struct options *options, struct error *error)
{
        _cleanup_(questions_done) struct questions questions = {0};
        _cleanup_buffer_ struct buffer answers = {0};
        struct asker asker = {.acts = options->acts};

        if (questions_read(options->questions, &questions, error) < 0 ||
            (options->answers && file_read(options->answers, ANSWERS_BYTES_MAX, &answers, error) < 0) ||
            (!options->engine && open_hosts(&asker, options, error) < 0))
                return -1;
        const char *expected = options->answers ? buffer_text(&answers) : NULL;
        bool all = !expected || all_are_asked(&questions, expected);
        size_t wrong = ask_all(&asker, options, &questions, expected);
        for (size_t i = 0; !options->engine && i < asker.nodes; i++)
                engine_free(asker.engines[i]);
        return wrong || !all;
}

static int read_options(int argc, char **argv, struct options *options)
{
        static const struct option known[] = {
                {"engine", required_argument, NULL, 'e'}, {"host", required_argument, NULL, 'H'},
                {"acts", required_argument, NULL, 'a'},   {"answers", required_argument, NULL, 'r'},
                {"only", required_argument, NULL, 'o'},   {NULL, 0, NULL, 0}};
        int option;

        while ((option = getopt_long(argc, argv, "H:", known, NULL)) >= 0) {
                if (option == '?' || (option == 'H' && options->host_count == ASK_NODES_MAX))
                        return fail("these options are not understood");
                if (option == 'H')
                        options->hosts[options->host_count++] = optarg;
                *(option == 'e'   ? &options->engine
                  : option == 'a' ? &options->acts
                  : option == 'r' ? &options->answers
                  : option == 'o' ? &options->only
                                  : &(const char *){NULL}) = optarg;
        }
        if (optind + 1 != argc || !options->engine == !options->host_count)
                return fail("one file of questions, and --engine or --host");
        if (options->engine && !minor_of(options->engine))
                return fail("--engine is 20.10, 26.1 or 28.5");
        options->questions = argv[optind];
        return 0;
}

int main(int argc, char **argv)
{
        struct options options = {0};
        _cleanup_error_ struct error error = {0};

        if (read_options(argc, argv, &options) != 0)
                return 3;
        int status = run(&options, &error);
        if (status < 0)
                return fail(error.sentence);
        return status;
}
