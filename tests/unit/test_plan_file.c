/*
 * The plan as text: what is written comes back whole, and a file that is not exactly what was written is no
 * plan.
 */

#include "base/clock.h"
#include "base/file.h"
#include "base/random.h"
#include "move/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

#define CUTS  400
#define FLIPS 400

static struct random_stream stream;
static char folder[] = "/tmp/headroom-plan-XXXXXX";

static char *in_folder(const char *name)
{
        return text_format("%s/%s", folder, name);
}

static void fill_texts(struct plan *plan)
{
        snprintf(plan->id, sizeof(plan->id), "0123456789ab");
        plan->cluster_id = text_copy("cluster");
        plan->engine = text_copy("unix:///var/run/docker.sock");
        plan->author = text_copy("r\"oot@h\xc3\xb6st");
        plan->created_ms = 1767225600000; /* whole seconds: that is what a plan keeps */
        plan->network = text_copy("proxy");
        plan->network_id = text_copy("n3tn3tn3tn3tn3tn3tn3tn3tn");
        plan->old_subnet = text_copy("10.0.1.0/24");
        plan->new_subnet = text_copy("10.10.0.0/16");
        plan->hop = text_copy("headroom-hop-proxy");
        plan->hop_subnet = text_copy("10.20.0.0/22");
        plan->live_connect = plan->refusing = true;
        plan->old_request = text_copy("{\"Name\":\"proxy\"}");
        plan->new_request = text_copy("{\"Name\":\"proxy\",\"Options\":{\"a\":\"\\u0001\\\\\"}}");
        plan->hop_request = text_copy("{\"Name\":\"headroom-hop-proxy\",\"Labels\":{}}");
        plan->reason = text_copy("because\nof this");
}

static void add_service(struct plan *plan, const char *id, bool full)
{
        struct plan_service *service = list_add(&plan->services);

        service->id = text_copy(id);
        service->name = text_format("service-%s", id);
        if (!full)
                return;
        service->version = UINT64_MAX;
        service->way = WAY_STOP_FIRST;
        service->why = text_copy("stop-first: so it is");
        service->edge = service->stuck = service->complete = true;
        service->gap_expected_ms = 1;
        service->gap_bound_ms = 22;
        service->settle_bound_ms = 3600000;
        *list_add(&service->edits.items) = (struct spec_edit){
                text_copy("UpdateConfig"), NULL, text_copy("{\"Order\":\"start-first\"}"), EDIT_UNTIL_END};
        *list_add(&service->edits.items) = (struct spec_edit){text_copy("Labels/x"), text_copy("\"a\""),
                                                              text_copy("\"b\""), EDIT_UNTIL_BACK};
        *list_add(&service->parts.items) = (struct spec_part){text_copy("Name"), "01234567"};
        *list_add(&service->parts.items) = (struct spec_part){text_copy("TaskTemplate.Networks"), "89abcdef"};
}

static void fill_host(struct plan *plan)
{
        plan->host = text_copy("cc-ci");
        plan->planner = text_copy("SHA256:abc");
        plan->roads_timeout_s = 900;
        *list_add(&plan->reserved) = text_copy("10.20.0.0/16");
        *list_add(&plan->quiet_stacks) = text_copy("warm-*");
        *list_add(&plan->quiet_busy) = text_copy("recipe-\"*\"");
        *list_add(&plan->quiet_commands) = text_copy("! pgrep abra");
        *list_add(&plan->pause_units) = text_copy("ci-poll.timer");
        *list_add(&plan->pauses) =
                (struct plan_pause){text_copy("s1"), text_copy("drone_app"), 18446744073709551615U};
        *list_add(&plan->roads) = (struct plan_road){ROAD_REBUILD, text_copy("nixos-rebuild switch")};
        *list_add(&plan->roads) = (struct plan_road){ROAD_UNIT, text_copy("deploy-proxy")};
        *list_add(&plan->roads) = (struct plan_road){ROAD_COMMAND, text_copy("true")};
}

static void fill_pages(struct plan *plan)
{
        *list_add(&plan->pages) = (struct plan_page){.url = text_copy("http://drone/"),
                                                     .at = text_copy("127.0.0.1:80"),
                                                     .origin = text_copy("checks, line 4"),
                                                     .service = text_copy("s1"),
                                                     .wanted = true,
                                                     .wanted_status = 200,
                                                     .wanted_title = text_copy("Drone"),
                                                     .status = 503,
                                                     .length = 12,
                                                     .title = text_copy("Dr\xc3\xb6ne")};
        *list_add(&plan->pages) = (struct plan_page){.url = text_copy("http://x/"),
                                                     .origin = text_copy("port 80"),
                                                     .failure = text_copy("refused")};
}

static void fill_patches(struct plan *plan)
{
        struct plan_patch *patch = list_add(&plan->patches);
        *patch = (struct plan_patch){text_copy("/etc/swarm.nix"),
                                     12,
                                     text_copy("docker network create proxy"),
                                     true,
                                     text_copy("aa"),
                                     text_copy("bb"),
                                     {0}};
        *list_add(&patch->edits) = (struct plan_patch_edit){7, text_copy(""), text_copy("# why\n")};
        *list_add(&patch->edits) = (struct plan_patch_edit){9000000000U, text_copy("a"), text_copy("")};
}

static void fill(struct plan *plan)
{
        fill_texts(plan);
        fill_host(plan);
        fill_pages(plan);
        fill_patches(plan);
        add_service(plan, "s1", true);
        add_service(plan, "s2", false);
        plan->services.items[1].way = WAY_START_FIRST;
        struct choice_rejected *rejected = list_add(&plan->rejected);
        rejected->prefix = (struct prefix){0x0a000000, 16};
        rejected->reason = text_copy("overlay ingress has it");
        struct plan_container *container = list_add(&plan->containers);
        container->id = text_copy("c1");
        container->name = text_copy("debug");
        container->static_address = text_copy("10.0.1.77");
        *list_add(&container->aliases) = text_copy("dbg");
        *list_add(&container->aliases) = text_copy("d\"bg2");
        *list_add(&plan->bystanders) = text_copy("backups_app");
        *list_add(&plan->notes) = text_copy("a note");
        *list_add(&plan->notes) = text_copy("");
}

static void same_text(const char *a, const char *b)
{
        if (!text_equal(a, b))
                fail_msg("%s is not %s", a ? a : "(null)", b ? b : "(null)");
}

static void same_service(const struct plan_service *a, const struct plan_service *b)
{
        same_text(a->id, b->id);
        same_text(a->name, b->name);
        same_text(a->why, b->why);
        assert_true(a->version == b->version && a->way == b->way && a->edge == b->edge &&
                    a->stuck == b->stuck && a->complete == b->complete);
        assert_true(a->gap_expected_ms == b->gap_expected_ms && a->gap_bound_ms == b->gap_bound_ms &&
                    a->settle_bound_ms == b->settle_bound_ms);
        assert_int_equal(a->edits.items.count, b->edits.items.count);
        for (size_t i = 0; i < a->edits.items.count; i++) {
                const struct spec_edit *x = &a->edits.items.items[i];
                const struct spec_edit *y = &b->edits.items.items[i];
                same_text(x->path, y->path);
                same_text(x->original, y->original);
                same_text(x->edited, y->edited);
                assert_int_equal(x->until, y->until);
        }
        assert_int_equal(a->parts.items.count, b->parts.items.count);
        assert_null(spec_difference(&a->parts, &b->parts));
}

static void same_container(const struct plan_container *a, const struct plan_container *b)
{
        same_text(a->id, b->id);
        same_text(a->name, b->name);
        same_text(a->static_address, b->static_address);
        assert_int_equal(a->aliases.count, b->aliases.count);
        for (size_t i = 0; i < a->aliases.count; i++)
                same_text(a->aliases.items[i], b->aliases.items[i]);
}

static void same_lists(const struct plan *a, const struct plan *b)
{
        assert_int_equal(a->services.count, b->services.count);
        for (size_t i = 0; i < a->services.count; i++)
                same_service(&a->services.items[i], &b->services.items[i]);
        assert_int_equal(a->containers.count, b->containers.count);
        for (size_t i = 0; i < a->containers.count; i++)
                same_container(&a->containers.items[i], &b->containers.items[i]);
        assert_int_equal(a->rejected.count, b->rejected.count);
        for (size_t i = 0; i < a->rejected.count; i++) {
                assert_true(prefix_equal(a->rejected.items[i].prefix, b->rejected.items[i].prefix));
                same_text(a->rejected.items[i].reason, b->rejected.items[i].reason);
        }
        assert_int_equal(a->bystanders.count, b->bystanders.count);
        same_text(a->bystanders.items[0], b->bystanders.items[0]);
        assert_int_equal(a->notes.count, b->notes.count);
        for (size_t i = 0; i < a->notes.count; i++)
                same_text(a->notes.items[i], b->notes.items[i]);
}

/* Of what has no comparison of its own, the texts are. */
static void same_host(const struct plan *a, const struct plan *b)
{
        _cleanup_buffer_ struct buffer text_a = {0};
        _cleanup_buffer_ struct buffer text_b = {0};

        plan_format(a, false, &text_a);
        plan_format(b, false, &text_b);
        assert_string_equal(buffer_text(&text_a), buffer_text(&text_b));
        assert_int_equal(b->pages.count, 2);
        assert_int_equal(b->patches.items[0].edits.count, 2);
        assert_int_equal(b->roads.items[1].kind, ROAD_UNIT);
        assert_true(b->pauses.items[0].replicas == UINT64_MAX && b->pages.items[0].status == 503);
}

static void same_plan(const struct plan *a, const struct plan *b)
{
        char *const texts[][2] = {
                {a->cluster_id, b->cluster_id},   {a->engine, b->engine},
                {a->author, b->author},           {a->network, b->network},
                {a->network_id, b->network_id},   {a->old_subnet, b->old_subnet},
                {a->new_subnet, b->new_subnet},   {a->hop, b->hop},
                {a->hop_subnet, b->hop_subnet},   {a->old_request, b->old_request},
                {a->new_request, b->new_request}, {a->hop_request, b->hop_request},
                {a->reason, b->reason},
        };

        assert_string_equal(a->id, b->id);
        assert_true(a->created_ms == b->created_ms && a->live_connect == b->live_connect &&
                    a->refusing == b->refusing);
        for (size_t i = 0; i < ELEMENTS(texts); i++)
                same_text(texts[i][0], texts[i][1]);
        same_lists(a, b);
        same_host(a, b);
}

static void a_plan_comes_back_from_its_file_whole(void **state)
{
        _cleanup_plan_ struct plan plan = {0};
        _cleanup_plan_ struct plan back = {0};
        _cleanup_free_ char *path = in_folder("whole");
        struct stat stat_of;

        (void)state;
        fill(&plan);
        assert_int_equal(plan_write(&plan, path, NULL), 0);
        assert_int_equal(plan_read(path, &back, NULL), 0);
        same_plan(&plan, &back);
        assert_int_equal(stat(path, &stat_of), 0);
        assert_int_equal(stat_of.st_mode & 0777, 0600);
}

static void a_plan_comes_back_from_a_label(void **state)
{
        _cleanup_plan_ struct plan plan = {0};
        _cleanup_plan_ struct plan back = {0};
        _cleanup_buffer_ struct buffer text = {0};

        (void)state;
        fill(&plan);
        plan_format(&plan, false, &text);
        assert_null(strchr(text.bytes, '\n'));
        assert_int_equal(plan_parse(text.bytes, text.length, "the label", &back, NULL), 0);
        same_plan(&plan, &back);
}

static void refuse_bytes(const char *bytes, size_t length, const char *what, size_t at)
{
        _cleanup_plan_ struct plan back = {0};
        _cleanup_error_ struct error error = {0};
        _cleanup_free_ char *path = in_folder("bad");

        assert_int_equal(file_write(path, bytes, length, 0600, NULL), 0);
        if (plan_read(path, &back, &error) == 0)
                fail_msg("taken although %s at %zu", what, at);
        if (error.kind != ERROR_REFUSED)
                fail_msg("%s at %zu is not refused but: %s", what, at, error.sentence);
}

static void read_written(struct buffer *ret_bytes)
{
        _cleanup_plan_ struct plan plan = {0};
        _cleanup_free_ char *path = in_folder("written");

        fill(&plan);
        assert_int_equal(plan_write(&plan, path, NULL), 0);
        assert_int_equal(file_read(path, (size_t)1 << 20, ret_bytes, NULL), 0);
}

static void a_truncated_file_is_refused(void **state)
{
        _cleanup_buffer_ struct buffer bytes = {0};

        (void)state;
        read_written(&bytes);
        /* Without its last line feed the plan is still whole. */
        refuse_bytes(bytes.bytes, bytes.length - 2, "cut", bytes.length - 2);
        for (size_t i = 0; i < CUTS; i++) {
                size_t at = random_below(&stream, bytes.length - 1);
                refuse_bytes(bytes.bytes, at, "cut", at);
        }
}

static void a_file_with_a_flipped_bit_is_refused(void **state)
{
        _cleanup_buffer_ struct buffer bytes = {0};

        (void)state;
        read_written(&bytes);
        for (size_t i = 0; i < FLIPS; i++) {
                size_t at = random_below(&stream, bytes.length);
                char flipped = (char)(1 << random_below(&stream, 8));
                bytes.bytes[at] = (char)(bytes.bytes[at] ^ flipped);
                refuse_bytes(bytes.bytes, bytes.length, "flipped", at);
                bytes.bytes[at] = (char)(bytes.bytes[at] ^ flipped);
        }
}

static void what_is_no_plan_file_is_refused(void **state)
{
        static const char *const texts[] = {"",
                                            "{}",
                                            "[]",
                                            "null",
                                            "hello",
                                            "{\"headroom_plan\":{}}",
                                            "{\"headroom_plan\":{},\"sha256\":null}"};

        (void)state;
        for (size_t i = 0; i < ELEMENTS(texts); i++)
                refuse_bytes(texts[i], strlen(texts[i]), texts[i], 0);
}

/* The plan's text with the first `from` in it made `to`, as a label might hold it: no digest. */
static void refuse_text(const char *from, const char *to)
{
        _cleanup_plan_ struct plan plan = {0};
        _cleanup_plan_ struct plan back = {0};
        _cleanup_buffer_ struct buffer text = {0};
        _cleanup_error_ struct error error = {0};

        fill(&plan);
        plan_format(&plan, false, &text);
        const char *at = strstr(text.bytes, from);
        if (!at)
                fail_msg("no %s in %s", from, text.bytes);
        _cleanup_free_ char *changed =
                text_format("%.*s%s%s", (int)(at - text.bytes), text.bytes, to, at + strlen(from));
        if (plan_parse(changed, strlen(changed), "the label", &back, &error) == 0)
                fail_msg("taken with %s for %s", to, from);
        assert_int_equal(error.kind, ERROR_REFUSED);
        assert_true(text_starts_with(error.sentence, "the label"));
}

static void a_plan_of_another_format_is_refused(void **state)
{
        (void)state;
        refuse_text("\"format\":1", "\"format\":2");
        refuse_text("\"format\":1", "\"format\":\"1\"");
        refuse_text("\"format\":1,", "");
}

static void a_plan_that_lacks_what_a_run_needs_is_refused(void **state)
{
        static const char *const needed[] = {"cluster",     "network",     "network_id", "old_subnet",
                                             "new_subnet",  "hop",         "hop_subnet", "old_request",
                                             "new_request", "hop_request", "id"};

        (void)state;
        for (size_t i = 0; i < ELEMENTS(needed); i++) {
                _cleanup_free_ char *key = text_format("\"%s\":\"", needed[i]);
                _cleanup_free_ char *other = text_format("\"no_%s\":\"", needed[i]);
                refuse_text(key, other);
        }
        refuse_text("\"name\":\"service-s1\"", "\"name\":\"\"");
        refuse_text("\"name\":\"debug\"", "\"name\":null");
}

/* Each of these made a run end in a crash, or write outside its folder. */
static void a_plan_with_parts_that_no_run_can_use_is_refused(void **state)
{
        (void)state;
        refuse_text("\\\"Labels\\\":{}", "\\\"Labels\\\":null");
        refuse_text("\"path\":\"UpdateConfig\"", "\"path\":null");
        refuse_text("\"edited\":\"{", "\"edit\":\"{");
        refuse_text("\"id\":\"0123456789ab\"", "\"id\":\"0123456789abc\"");
        refuse_text("\"id\":\"0123456789ab\"", "\"id\":\"../../../tmp\"");
        refuse_text("\"dbg\"", "null");
}

/* HEADROOM_SEED replays a failure. */
static int start(void **state)
{
        uint64_t seed;

        (void)state;
        if (!text_to_u64(getenv("HEADROOM_SEED"), &seed) || !seed)
                seed = (uint64_t)clock_wall_ms();
        print_message("seed %llu\n", (unsigned long long)seed);
        stream.state = seed;
        return mkdtemp(folder) ? 0 : -1;
}

static int end(void **state)
{
        static const char *const names[] = {"whole", "written", "bad"};

        (void)state;
        for (size_t i = 0; i < ELEMENTS(names); i++) {
                _cleanup_free_ char *path = in_folder(names[i]);
                unlink(path);
        }
        return rmdir(folder);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_plan_comes_back_from_its_file_whole),
                cmocka_unit_test(a_plan_comes_back_from_a_label),
                cmocka_unit_test(a_truncated_file_is_refused),
                cmocka_unit_test(a_file_with_a_flipped_bit_is_refused),
                cmocka_unit_test(what_is_no_plan_file_is_refused),
                cmocka_unit_test(a_plan_of_another_format_is_refused),
                cmocka_unit_test(a_plan_that_lacks_what_a_run_needs_is_refused),
                cmocka_unit_test(a_plan_with_parts_that_no_run_can_use_is_refused),
        };

        return cmocka_run_group_tests(tests, start, end);
}
