/* docs/scenarios.md: its tables list the keys that there are, and its examples open. */

#include "scene.h"

#include "base/file.h"
#include "sim/scenario/read.h"

static struct buffer document;

static int read_document(void **state)
{
        (void)state;
        return file_read(DOCUMENT, (size_t)1 << 20, &document, NULL);
}

static int drop_document(void **state)
{
        (void)state;
        buffer_done(&document);
        return 0;
}

/* The next line of the document; NULL at its end. */
static char *next_line(const char **at)
{
        if (!**at)
                return NULL;
        size_t length = strcspn(*at, "\n");
        char *line = text_copy_n(*at, length);
        *at += length + ((*at)[length] == '\n');
        return line;
}

/* The tables of keys in the document's order. */
static const struct {
        const char *name;
        const struct field *fields;
} tables[] = {
        {"the file", scenario_fields},
        {"pool", pool_fields},
        {"timing", timing_fields},
        {"nodes", node_fields},
        {"images", image_fields},
        {"networks", network_fields},
        {"services", sketch_fields},
        {"update", update_fields},
        {"port", port_fields},
        {"stacks", stack_fields},
        {"containers", container_fields},
        {"being on a network", attach_fields},
        {"rules", rule_fields},
        {"then", event_fields},
};

static void expect_key(size_t table, size_t row, const char *line)
{
        const struct field *field = tables[table].fields;
        size_t length = strcspn(line + strlen("| `"), "`");

        for (size_t i = 0; i < row && field->key; i++)
                field++;
        if (!field->key || strlen(field->key) != length ||
            strncmp(line + strlen("| `"), field->key, length) != 0)
                fail_msg("row %zu of the table of %s is \"%s\", and the reader's key is %s", row + 1,
                         tables[table].name, line, field->key ? field->key : "none");
}

static void expect_end(size_t table, size_t rows)
{
        size_t keys = 0;

        while (tables[table].fields[keys].key)
                keys++;
        if (keys != rows)
                fail_msg("the table of %s has %zu rows, and the reader %zu keys", tables[table].name, rows,
                         keys);
}

static void the_tables_list_the_keys_in_the_readers_order(void **state)
{
        const char *at = buffer_text(&document);
        size_t table = 0;
        size_t row = 0;
        bool inside = false;

        (void)state;
        for (char *line; (line = next_line(&at)); free(line)) {
                if (text_starts_with(line, "| key |")) {
                        assert_true(table < ELEMENTS(tables));
                        inside = true;
                        row = 0;
                } else if (inside && text_starts_with(line, "| `")) {
                        expect_key(table, row++, line);
                } else if (inside && !text_starts_with(line, "|-")) {
                        expect_end(table++, row);
                        inside = false;
                }
        }
        assert_int_equal(table, ELEMENTS(tables));
}

static void open_example(const char *text, size_t number)
{
        _cleanup_scenario_ struct scenario *scenario = NULL;
        _cleanup_error_ struct error error = {0};
        _cleanup_sim_ struct sim *sim = NULL;
        _cleanup_free_ char *name = text_format("example %zu", number);

        if (scenario_parse(text, strlen(text), name, &scenario, &error) < 0 ||
            scenario_open(scenario, 0, &sim, &error) < 0)
                fail_msg("%s\n%s", error.sentence, text);
        scene_consistent(sim);
}

static void every_example_opens(void **state)
{
        const char *at = buffer_text(&document);
        _cleanup_buffer_ struct buffer example = {0};
        size_t examples = 0;
        bool inside = false;

        (void)state;
        for (char *line; (line = next_line(&at)); free(line)) {
                if (inside && text_equal(line, "```")) {
                        open_example(buffer_text(&example), ++examples);
                        inside = false;
                } else if (inside) {
                        buffer_format(&example, "%s\n", line);
                } else if (text_equal(line, "```yaml")) {
                        buffer_clear(&example);
                        inside = true;
                }
        }
        assert_true(examples >= 8);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_tables_list_the_keys_in_the_readers_order),
                cmocka_unit_test(every_example_opens),
        };

        return cmocka_run_group_tests_name("scenario_document", tests, read_document, drop_document);
}
