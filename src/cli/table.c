#include "cli/table.h"

#include "cli/grid.h"
#include "cli/progress.h"
#include "cli/template.h"
#include "cli/terminal.h"

#include "base/text.h"
#include "json/write.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>

enum value_kind {
        VALUE_NULL,
        VALUE_TEXT,
        VALUE_NUMBER,
        VALUE_BOOL,
};

struct value {
        enum value_kind kind;
        uint64_t number; /* of VALUE_NUMBER and VALUE_BOOL */
        char *text;      /* of VALUE_TEXT */
        char *shown;     /* what the table shows instead; NULL: the value */
        enum colour colour;
};

struct table {
        const struct column *columns;
        size_t column_count;
        LIST(struct value) values; /* row after row */
};

struct table *table_new(const struct column *columns)
{
        struct table *table = new_zero(struct table);

        table->columns = columns;
        while (columns[table->column_count].field)
                table->column_count++;
        assert(table->column_count > 0);
        return table;
}

struct table *table_free(struct table *table)
{
        if (!table)
                return NULL;
        for (size_t i = 0; i < table->values.count; i++) {
                free(table->values.items[i].text);
                free(table->values.items[i].shown);
        }
        free(table->values.items);
        free(table);
        return NULL;
}

void table_add_row(struct table *table)
{
        for (size_t i = 0; i < table->column_count; i++)
                list_add(&table->values);
}

static struct value *last_value(struct table *table, const char *field)
{
        size_t i = 0;

        while (i < table->column_count && !text_equal(table->columns[i].field, field))
                i++;
        assert(i < table->column_count);
        assert(table->values.count > 0);
        return &table->values.items[table->values.count - table->column_count + i];
}

/* table_shown may come before or after the value: it keeps its text and, once given, its colour. */
static void set_value(struct value *value, enum value_kind kind, uint64_t number, const char *text,
                      enum colour colour)
{
        free(value->text);
        value->kind = kind;
        value->number = number;
        value->text = text_copy(text);
        if (!value->shown)
                value->colour = colour;
}

void table_text(struct table *table, const char *field, const char *text, enum colour colour)
{
        set_value(last_value(table, field), text ? VALUE_TEXT : VALUE_NULL, 0, text, colour);
}

void table_number(struct table *table, const char *field, uint64_t value, enum colour colour)
{
        set_value(last_value(table, field), VALUE_NUMBER, value, NULL, colour);
}

void table_bool(struct table *table, const char *field, bool value)
{
        set_value(last_value(table, field), VALUE_BOOL, value, NULL, COLOUR_NONE);
}

void table_shown(struct table *table, const char *field, const char *shown, enum colour colour)
{
        struct value *value = last_value(table, field);

        free(value->shown);
        value->shown = text_copy(shown);
        value->colour = colour;
}

/* As text */

/* The value for a template; what is not known is shown as the table shows it, never as nothing. */
static void add_plain(struct buffer *out, const struct value *value)
{
        switch (value->kind) {
        case VALUE_TEXT:
                buffer_add_text(out, value->text);
                break;
        case VALUE_NUMBER:
                buffer_format(out, "%llu", (unsigned long long)value->number);
                break;
        case VALUE_BOOL:
                buffer_add_text(out, value->number ? "true" : "false");
                break;
        default:
                buffer_add_text(out, value->shown ? value->shown : "");
        }
}

static void add_shown(struct buffer *out, const struct value *value)
{
        if (value->shown)
                buffer_add_text(out, value->shown);
        else if (value->kind == VALUE_BOOL)
                buffer_add_text(out, value->number ? "yes" : "no");
        else
                add_plain(out, value);
}

static void fill_header(struct grid *grid, const struct table *table)
{
        size_t shown = 0;

        grid_add_row(grid);
        for (size_t i = 0; i < table->column_count; i++)
                if (table->columns[i].header)
                        grid_set(grid, shown++, table->columns[i].header, COLOUR_NONE);
}

static void fill_row(struct grid *grid, const struct table *table, const struct value *row)
{
        size_t shown = 0;

        grid_add_row(grid);
        for (size_t i = 0; i < table->column_count; i++) {
                _cleanup_buffer_ struct buffer text = {0};

                if (!table->columns[i].header)
                        continue;
                add_shown(&text, &row[i]);
                grid_set(grid, shown++, buffer_text(&text), row[i].colour);
        }
}

static void print_grid(const struct table *table, bool header)
{
        _cleanup_free_ struct grid_column *columns = memory_new(table->column_count, sizeof(*columns));
        size_t shown = 0;

        for (size_t i = 0; i < table->column_count; i++) {
                const struct column *column = &table->columns[i];

                if (column->header)
                        columns[shown++] =
                                (struct grid_column){column->right, column->shrinks, column->drops};
        }
        _cleanup_grid_ struct grid *grid = grid_new(columns, shown);
        if (header)
                fill_header(grid, table);
        for (size_t at = 0; at < table->values.count; at += table->column_count)
                fill_row(grid, table, &table->values.items[at]);
        grid_print(grid);
}

/* As JSON */

static void write_value(struct json_writer *writer, const struct value *value)
{
        switch (value->kind) {
        case VALUE_TEXT:
                json_write_text(writer, value->text);
                break;
        case VALUE_NUMBER:
                json_write_u64(writer, value->number);
                break;
        case VALUE_BOOL:
                json_write_bool(writer, value->number);
                break;
        default:
                json_write_null(writer);
        }
}

static void write_row(struct json_writer *writer, const struct table *table, const struct value *row)
{
        json_write_object(writer);
        for (size_t i = 0; i < table->column_count; i++) {
                json_write_key(writer, table->columns[i].field);
                write_value(writer, &row[i]);
        }
        json_write_object_end(writer);
}

static void print_json(const struct table *table)
{
        _cleanup_buffer_ struct buffer out = {0};
        struct json_writer writer = {.out = &out, .indented = true};

        json_write_array(&writer);
        for (size_t i = 0; i < table->values.count; i += table->column_count)
                write_row(&writer, table, &table->values.items[i]);
        json_write_array_end(&writer);
        printf("%s\n", buffer_text(&out));
}

/* Through a template */

static void render_row(const struct template *template, const struct table *table, const struct value *row,
                       struct buffer *out)
{
        for (size_t i = 0; i < template->parts.count; i++) {
                const struct template_part *part = &template->parts.items[i];
                struct json_writer writer = {.out = out};

                if (part->kind == TEMPLATE_TEXT)
                        buffer_add_text(out, part->text);
                else if (part->kind == TEMPLATE_FIELD)
                        add_plain(out, &row[part->field]);
                else if (part->kind == TEMPLATE_FIELD_JSON)
                        write_value(&writer, &row[part->field]);
                else
                        write_row(&writer, table, row);
        }
}

/* The header over each field; a column that the table does not show lends its field's name in capitals. */
static void render_header(const struct template *template, const struct table *table, struct buffer *out)
{
        for (size_t i = 0; i < template->parts.count; i++) {
                const struct template_part *part = &template->parts.items[i];
                const struct column *column = &table->columns[part->field];

                if (part->kind == TEMPLATE_TEXT)
                        buffer_add_text(out, part->text);
                else if (part->kind == TEMPLATE_ROW_JSON)
                        buffer_add_text(out, "JSON");
                else if (column->header)
                        buffer_add_text(out, column->header);
                else
                        for (const char *c = column->field; *c; c++)
                                buffer_format(out, "%c", toupper((unsigned char)*c));
        }
}

static void add_cells(struct grid *grid, size_t column_count, char *tabbed)
{
        size_t column = 0;

        grid_add_row(grid);
        for (char *cell = tabbed; cell && column < column_count; column++) {
                char *next = strchr(cell, '\t');

                if (next)
                        *next++ = 0;
                grid_set(grid, column, cell, COLOUR_NONE);
                cell = next;
        }
}

static size_t count_tabs(const struct template *template)
{
        size_t tabs = 0;

        for (size_t i = 0; i < template->parts.count; i++)
                for (const char *c = template->parts.items[i].text; c && *c; c++)
                        tabs += *c == '\t';
        return tabs;
}

static void print_aligned(const struct template *template, const struct table *table, bool header)
{
        size_t count = count_tabs(template) + 1;
        _cleanup_free_ struct grid_column *columns = memory_new(count, sizeof(*columns));
        _cleanup_grid_ struct grid *grid = grid_new(columns, count);
        _cleanup_buffer_ struct buffer line = {0};

        if (header) {
                render_header(template, table, &line);
                add_cells(grid, count, line.bytes);
        }
        for (size_t i = 0; i < table->values.count; i += table->column_count) {
                buffer_clear(&line);
                render_row(template, table, &table->values.items[i], &line);
                add_cells(grid, count, line.bytes);
        }
        grid_print(grid);
}

static void print_lines(const struct template *template, const struct table *table)
{
        _cleanup_buffer_ struct buffer line = {0};

        for (size_t i = 0; i < table->values.count; i += table->column_count) {
                buffer_clear(&line);
                render_row(template, table, &table->values.items[i], &line);
                puts(buffer_text(&line));
        }
}

static bool is_word(const char *format)
{
        return !format || text_equal(format, "table") || text_equal(format, "json");
}

int table_check_format(const struct column *columns, const char *format, struct error *error)
{
        _cleanup_template_ struct template template = {0};

        return is_word(format) ? 0 : template_parse(format, columns, &template, error);
}

int table_print(const struct table *table, const char *format, bool header, struct error *error)
{
        _cleanup_template_ struct template template = {0};

        if (!is_word(format) && template_parse(format, table->columns, &template, error) < 0)
                return -1;
        progress_clear();
        if (text_equal(format, "json"))
                print_json(table);
        else if (is_word(format))
                print_grid(table, header);
        else if (template.aligned)
                print_aligned(&template, table, header);
        else
                print_lines(&template, table);
        return 0;
}

char *table_bar(uint64_t filled, uint64_t total, int cells)
{
        bool blocks = terminal_is_utf8();
        _cleanup_buffer_ struct buffer bar = {0};
        int full = 0;

        /* A bar never says empty or full that is not: the first and the last cell are exact. */
        if (total > 0 && filled >= total)
                full = cells;
        else if (total > 0 && filled > 0)
                full = MAX(1, MIN(cells - 1, (int)((double)filled / (double)total * cells + 0.5)));
        for (int i = 0; i < cells; i++)
                buffer_add_text(&bar, i < full ? (blocks ? "█" : "#") : (blocks ? "░" : "."));
        return buffer_steal(&bar);
}
