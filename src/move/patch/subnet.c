/* The edits of a file of commands: the one creation of NET gets the new subnet. */

#include "move/patch/find.h"

#include "base/text.h"

static bool is_literal(const struct patch_text *value)
{
        return value->length == 0 || (!memchr(value->bytes, MARK_SHELL, value->length) &&
                                      !memchr(value->bytes, MARK_NIX, value->length));
}

/* The name of a value that is one variable and nothing else: "$NET", "${NET}"; NULL when it is not. */
static char *variable_of(const struct patch_text *value)
{
        size_t from = 2;
        size_t to = value->length ? value->length - 1 : 0;

        if (value->length < 4 || patch_text_skip_mark(value, 0, value->length) != value->length ||
            (value->bytes[0] != MARK_SHELL && value->bytes[0] != MARK_NIX))
                return NULL;
        if (value->bytes[from] == '{') {
                from++;
                to--;
        }
        for (size_t i = from; i < to; i++)
                if (strchr(":}$.+#%/ \"'?!@*[(`", value->bytes[i]))
                        return NULL; /* more than the variable alone */
        return from < to ? text_copy_n(value->bytes + from, to - from) : NULL;
}

/* The only literal assignment of the variable that the value is; NULL: there is none, or it is not clear. */
static const struct patch_assignment *assignment_of(const struct patch_findings *findings,
                                                    const struct patch_text *value)
{
        _cleanup_free_ char *name = variable_of(value);
        const struct patch_assignment *found = NULL;

        for (size_t i = 0; name && i < findings->assignments.count; i++) {
                const struct patch_assignment *candidate = &findings->assignments.items[i];
                if (candidate->mark != value->bytes[0] || !text_equal(candidate->name, name))
                        continue;
                if (found)
                        return NULL;
                found = candidate;
        }
        return found && is_literal(&found->value) ? found : NULL;
}

/* What the value is when the file runs: its text, or that of the variable it names; NULL: not known. */
static const struct patch_text *resolve(const struct patch_findings *findings, const struct patch_text *value)
{
        if (is_literal(value))
                return value;
        const struct patch_assignment *assignment = assignment_of(findings, value);
        return assignment ? &assignment->value : NULL;
}

static bool is_of(const struct patch_findings *findings, const struct patch_create *create,
                  const char *network)
{
        const struct patch_text *name = resolve(findings, &create->name);
        _cleanup_free_ char *text = name ? patch_text_copy(name) : NULL;

        return create->understood && text_equal(text, network);
}

/* The lines of the creations of NET or, with `unknown`, of those whose name is not known: "3, 8 and 9". */
static char *lines_of(const struct patch_job *job, const struct patch_findings *findings, bool unknown,
                      size_t *ret_count)
{
        struct buffer lines = {0};

        *ret_count = 0;
        for (size_t i = 0; i < findings->creates.count; i++) {
                const struct patch_create *create = &findings->creates.items[i];
                bool fits = unknown ? !create->understood || !resolve(findings, &create->name)
                                    : is_of(findings, create, job->wish->network);
                if (fits && *ret_count < 10)
                        buffer_format(&lines, "%s%zu", *ret_count ? ", " : "", patch_line(job, create->at));
                *ret_count += fits;
        }
        return buffer_steal(&lines);
}

static int refuse_count(const struct patch_job *job, const struct patch_findings *findings,
                        struct error *error)
{
        size_t count, unclear;
        _cleanup_free_ char *lines = lines_of(job, findings, false, &count);
        _cleanup_free_ char *unknown = lines_of(job, findings, true, &unclear);

        if (count)
                return error_set(error, ERROR_REFUSED, "%s declares the network %s %zu times, in lines %s",
                                 job->path, job->wish->network, count, lines);
        if (unclear)
                return error_set(error, ERROR_REFUSED,
                                 "%s declares no network %s in a way that can be read; what is created in "
                                 "line %s is only known when it runs",
                                 job->path, job->wish->network, unknown);
        return error_set(error, ERROR_REFUSED,
                         "%s declares no network %s: it has no `docker network create` of it", job->path,
                         job->wish->network);
}

static int find_one(const struct patch_job *job, const struct patch_findings *findings, size_t *ret_index,
                    struct error *error)
{
        size_t count = 0;

        if (findings->overflow)
                return error_set(error, ERROR_REFUSED, "%s holds too many commands to be sure of", job->path);
        for (size_t i = 0; i < findings->creates.count; i++)
                if (is_of(findings, &findings->creates.items[i], job->wish->network)) {
                        *ret_index = i;
                        count++;
                }
        return count == 1 ? 0 : refuse_count(job, findings, error);
}

static const struct patch_option *subnet_of(const struct patch_create *create)
{
        for (size_t i = 0; i < create->options.count; i++)
                if (create->options.items[i].kind == PATCH_SUBNET)
                        return &create->options.items[i];
        return NULL;
}

/* Replaces the value's bytes in the file, which have to stand there as one piece. */
static int replace_value(const struct patch_job *job, const struct patch_text *value, struct error *error)
{
        for (size_t i = 1; i < value->length; i++)
                if (value->begin[i] != value->end[i - 1])
                        return patch_refuse(job, value->begin[0], error,
                                            "the subnet is put together of several pieces here");
        if (memchr(value->bytes, ',', value->length))
                return patch_refuse(job, value->begin[0], error, "several subnets are given here");
        patch_add_edit(job, value->begin[0], value->end[value->length - 1], text_copy(job->wish->new_subnet));
        return 0;
}

static bool shares(const struct patch_findings *findings, const struct patch_create *create,
                   const struct patch_assignment *assignment)
{
        for (size_t i = 0; i < findings->creates.count; i++) {
                const struct patch_create *other = &findings->creates.items[i];
                const struct patch_option *subnet = subnet_of(other);
                if (other != create && subnet && !is_literal(&subnet->value) &&
                    assignment_of(findings, &subnet->value) == assignment)
                        return true;
        }
        return false;
}

/* *ret_comment is where the comment goes. */
static int edit_subnet(const struct patch_job *job, const struct patch_findings *findings,
                       const struct patch_create *create, size_t *ret_comment, struct error *error)
{
        const struct patch_option *subnet = subnet_of(create);
        const struct patch_text *value = subnet ? resolve(findings, &subnet->value) : NULL;

        *ret_comment = create->comment;
        if (!subnet) {
                patch_add_edit(job, create->insert, create->insert,
                               text_format("--subnet %s ", job->wish->new_subnet));
                return 0;
        }
        if (!value)
                return patch_refuse(job, subnet->begin, error,
                                    "the subnet of %s is only known when this runs: no single literal "
                                    "assignment of it is in the file",
                                    job->wish->network);
        if (value->length == 0)
                return patch_refuse(job, subnet->begin, error, "the subnet given here is empty");
        if (value != &subnet->value) {
                const struct patch_assignment *assignment = assignment_of(findings, &subnet->value);
                if (shares(findings, create, assignment))
                        return patch_refuse(job, assignment->at, error,
                                            "%s is the subnet of another network, too", assignment->name);
                *ret_comment = assignment->comment;
        }
        _cleanup_free_ char *text = patch_text_copy(value);
        return text_equal(text, job->wish->new_subnet) ? 0 : replace_value(job, value, error);
}

/* Only blanks and continued line ends stand between the words of a command that is edited. */
static bool is_gap(const struct patch_job *job, size_t from, size_t to)
{
        for (size_t i = from; i < to; i++)
                if (!strchr(" \t\r\n\\", job->bytes[i]))
                        return false;
        return true;
}

/* Takes out an option that lies outside of the new subnet; adds to the list of what went. */
static int edit_option(const struct patch_job *job, const struct patch_findings *findings,
                       const struct patch_option *option, struct buffer *gone, struct error *error)
{
        const struct patch_text *value = resolve(findings, &option->value);
        _cleanup_free_ char *text = value ? patch_text_copy(value) : NULL;
        enum patch_fit fit = text ? patch_fits(option->kind, text, job->subnet) : FIT_UNKNOWN;

        if (fit == FIT_INSIDE)
                return 0;
        if (fit == FIT_UNKNOWN)
                return patch_refuse(job, option->begin, error,
                                    "whether this option lies in %s can't be told; change it by hand",
                                    job->wish->new_subnet);
        if (!is_gap(job, option->before, option->begin))
                return patch_refuse(job, option->begin, error,
                                    "%s lies outside of %s, and can't be taken out safely", text,
                                    job->wish->new_subnet);
        buffer_format(gone, "%s%s", gone->length ? ", " : "", text);
        patch_add_edit(job, option->before, option->end, text_copy(""));
        return 0;
}

static int edit_options(const struct patch_job *job, const struct patch_findings *findings,
                        const struct patch_create *create, struct buffer *gone, struct error *error)
{
        size_t subnets = 0;

        for (size_t i = 0; i < create->options.count; i++) {
                const struct patch_option *option = &create->options.items[i];
                if (option->kind == PATCH_CONFIG_FROM)
                        return patch_refuse(job, option->begin, error,
                                            "%s takes its subnet from another network here",
                                            job->wish->network);
                if (option->kind == PATCH_SUBNET && ++subnets > 1)
                        return patch_refuse(job, option->begin, error, "%s has several subnets here",
                                            job->wish->network);
                if (option->kind != PATCH_SUBNET && edit_option(job, findings, option, gone, error) < 0)
                        return -1;
        }
        return 0;
}

int patch_edit_commands(const struct patch_job *job, patch_finder find, struct error *error)
{
        _cleanup_findings_ struct patch_findings findings = {.shape = digest_new()};
        _cleanup_buffer_ struct buffer gone = {0};
        size_t index = 0, comment;

        find(job->bytes, job->length, &findings);
        if (find_one(job, &findings, &index, error) < 0)
                return -1;
        const struct patch_create *create = &findings.creates.items[index];
        patch_declared_at(job, create->at);
        if (edit_options(job, &findings, create, &gone, error) < 0 ||
            edit_subnet(job, &findings, create, &comment, error) < 0)
                return -1;
        _cleanup_free_ char *also =
                gone.length ? text_format("Taken out, being outside of it: %s.", gone.bytes) : NULL;
        if (job->patch->edits.count)
                patch_add_comment(job, comment, also);
        return 0;
}

/* The proof */

static bool same_text(const struct patch_text *a, const struct patch_text *b)
{
        return a->length == b->length && (a->length == 0 || memcmp(a->bytes, b->bytes, a->length) == 0);
}

static bool same_create(const struct patch_create *a, const struct patch_create *b)
{
        bool same = same_text(&a->name, &b->name) && a->understood == b->understood &&
                    a->options.count == b->options.count;

        for (size_t i = 0; same && i < a->options.count; i++)
                same = a->options.items[i].kind == b->options.items[i].kind &&
                       same_text(&a->options.items[i].value, &b->options.items[i].value);
        return same;
}

/* Of a value that holds commands, only what they leave over: they are compared themselves. */
static bool same_value(const struct patch_text *a, const struct patch_text *b)
{
        char shape_a[DIGEST_TEXT_LENGTH + 1];
        char shape_b[DIGEST_TEXT_LENGTH + 1];
        struct digest *digest_a = digest_new();
        struct digest *digest_b = digest_new();

        patch_shape_value(digest_a, a);
        patch_shape_value(digest_b, b);
        digest_end(digest_a, shape_a);
        digest_end(digest_b, shape_b);
        return text_equal(shape_a, shape_b) || (patch_may_hold_command(a) && patch_may_hold_command(b));
}

/* One of them at most differs, and has the new subnet now. */
static bool same_assignments(const struct patch_job *job, const struct patch_findings *old,
                             const struct patch_findings *new)
{
        size_t changed = 0;

        if (old->assignments.count != new->assignments.count)
                return false;
        for (size_t i = 0; i < old->assignments.count; i++) {
                const struct patch_assignment *a = &old->assignments.items[i];
                const struct patch_assignment *b = &new->assignments.items[i];
                if (!text_equal(a->name, b->name) || a->mark != b->mark)
                        return false;
                if (same_value(&a->value, &b->value))
                        continue;
                _cleanup_free_ char *text = patch_text_copy(&b->value);
                if (!text_equal(text, job->wish->new_subnet) || ++changed > 1)
                        return false;
        }
        return true;
}

/* The creation has the new subnet, and nothing that lies outside of it. */
static bool has_subnet(const struct patch_job *job, const struct patch_findings *findings,
                       const struct patch_create *create)
{
        size_t subnets = 0;

        for (size_t i = 0; i < create->options.count; i++) {
                const struct patch_option *option = &create->options.items[i];
                const struct patch_text *value = resolve(findings, &option->value);
                _cleanup_free_ char *text = value ? patch_text_copy(value) : NULL;
                bool subnet = option->kind == PATCH_SUBNET;
                if (!text || (subnet && !text_equal(text, job->wish->new_subnet)) ||
                    (!subnet && patch_fits(option->kind, text, job->subnet) != FIT_INSIDE))
                        return false;
                subnets += subnet;
        }
        return subnets == 1;
}

static bool proves(const struct patch_job *job, struct patch_findings *old, struct patch_findings *new,
                   size_t index)
{
        char shape_old[DIGEST_TEXT_LENGTH + 1];
        char shape_new[DIGEST_TEXT_LENGTH + 1];

        digest_end(steal_pointer(old->shape), shape_old);
        digest_end(steal_pointer(new->shape), shape_new);
        if (!text_equal(shape_old, shape_new) || old->creates.count != new->creates.count ||
            !same_assignments(job, old, new))
                return false;
        for (size_t i = 0; i < old->creates.count; i++)
                if (i != index && !same_create(&old->creates.items[i], &new->creates.items[i]))
                        return false;
        return has_subnet(job, new, &new->creates.items[index]);
}

int patch_prove_commands(const struct patch_job *job, patch_finder find, const struct buffer *edited,
                         struct error *error)
{
        _cleanup_findings_ struct patch_findings old = {.shape = digest_new()};
        _cleanup_findings_ struct patch_findings new = {.shape = digest_new()};
        size_t index = 0, again = 0;

        find(job->bytes, job->length, &old);
        find(buffer_text(edited), edited->length, &new);
        if (find_one(job, &old, &index, error) < 0)
                return -1;
        if (find_one(job, &new, &again, NULL) < 0 || index != again || !proves(job, &old, &new, index))
                return patch_refuse(job, old.creates.items[index].at, error,
                                    "%s is declared here in a form that can't be edited safely; give it "
                                    "--subnet %s by hand",
                                    job->wish->network, job->wish->new_subnet);
        return 0;
}
