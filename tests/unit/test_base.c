/* The foundation: prefixes against a naive model, times, digests, files, buffers, lists, numbers. */

#include "base/buffer.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/prefix.h"
#include "base/random.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

#define ROUNDS 20000

static struct random_stream stream;

/* HEADROOM_SEED replays a failure. */
static int start_stream(void **state)
{
        const char *text = getenv("HEADROOM_SEED");
        uint64_t seed;

        (void)state;
        if (!text_to_u64(text, &seed) || !seed)
                seed = (uint64_t)clock_wall_ms();
        print_message("seed %llu\n", (unsigned long long)seed);
        stream.state = seed;
        return 0;
}

/* The model: bit strings of '0' and '1'. */
struct bits {
        char text[33];
};

static struct bits bits_of(uint32_t address)
{
        struct bits bits = {{0}};

        for (int i = 0; i < 32; i++)
                bits.text[i] = (char)('0' + (address >> (31 - i) & 1));
        return bits;
}

static bool model_contains(struct prefix prefix, uint32_t address)
{
        return strncmp(bits_of(prefix.address).text, bits_of(address).text, prefix.length_bits) == 0;
}

static bool model_overlaps(struct prefix a, struct prefix b)
{
        size_t common = MIN(a.length_bits, b.length_bits);

        return strncmp(bits_of(a.address).text, bits_of(b.address).text, common) == 0;
}

/* Few distinct bits, so that related prefixes come up often. */
static uint32_t random_address(void)
{
        uint32_t address = (uint32_t)random_next(&stream);

        return random_below(&stream, 2) ? address & 0xf000000f : address;
}

static struct prefix random_prefix(void)
{
        uint8_t length_bits = (uint8_t)random_below(&stream, 33);
        struct prefix prefix = {random_address(), length_bits};

        for (int i = length_bits; i < 32; i++)
                prefix.address &= ~(UINT32_C(1) << (31 - i));
        return prefix;
}

static void prefixes_behave_like_bit_strings(void **state)
{
        (void)state;
        for (int i = 0; i < ROUNDS; i++) {
                struct prefix a = random_prefix();
                struct prefix b = random_prefix();
                uint32_t address = random_address();
                assert_int_equal(prefix_contains(a, address), model_contains(a, address));
                assert_int_equal(prefix_overlaps(a, b), model_overlaps(a, b));
                assert_int_equal(prefix_equal(a, b), model_overlaps(a, b) && a.length_bits == b.length_bits);
                assert_true(prefix_contains(a, prefix_last(a)));
                assert_true(prefix_last(a) - a.address + UINT64_C(1) == prefix_size(a));
        }
}

static void prefixes_survive_being_written_and_read(void **state)
{
        (void)state;
        for (int i = 0; i < ROUNDS; i++) {
                struct prefix prefix = random_prefix();
                struct prefix again;
                char text[PREFIX_TEXT_SIZE];
                prefix_format(prefix, text);
                assert_int_equal(prefix_parse(text, &again), PREFIX_FINE);
                assert_true(prefix_equal(prefix, again));
        }
}

static void host_bits_are_named_and_cleared(void **state)
{
        struct prefix prefix;

        (void)state;
        assert_int_equal(prefix_parse("10.10.3.7/16", &prefix), PREFIX_HOST_BITS);
        assert_true(prefix_equal(prefix, (struct prefix){0x0a0a0000, 16}));
        assert_int_equal(prefix_parse("0.0.0.1/0", &prefix), PREFIX_HOST_BITS);
        assert_true(prefix_equal(prefix, (struct prefix){0, 0}));
}

static void what_is_no_prefix_is_refused(void **state)
{
        static const char *const texts[] = {"",
                                            "/",
                                            "10.0.0.0",
                                            "10.0.0.0/",
                                            "10.0.0/8",
                                            "10.0.0.0/33",
                                            "10.0.0.0/-1",
                                            "10.0.0.0/8 ",
                                            "10.0.0.0/+8",
                                            "256.0.0.0/8",
                                            "10.0.0.0/008",
                                            "10.0.0.0.0/8"};
        struct prefix prefix;

        (void)state;
        for (size_t i = 0; i < ELEMENTS(texts); i++)
                assert_int_equal(prefix_parse(texts[i], &prefix), PREFIX_NOT_ONE);
        assert_int_equal(prefix_parse(NULL, &prefix), PREFIX_NOT_ONE);
        assert_int_equal(prefix_parse("fd00::/64", &prefix), PREFIX_IPV6);
}

static void addresses_are_read_with_and_without_a_length(void **state)
{
        uint32_t address;

        (void)state;
        assert_true(address_parse("10.0.1.5", &address));
        assert_int_equal(address, 0x0a000105);
        assert_true(address_parse("255.255.255.255/32", &address));
        assert_int_equal(address, 0xffffffff);
        assert_false(address_parse("10.0.1", &address));
        assert_false(address_parse("fd00::1", &address));
        assert_false(address_parse("10.0.1.5 ", &address));
        assert_false(address_parse("", &address));
        assert_false(address_parse(NULL, &address));
}

static void usable_addresses_leave_out_network_broadcast_and_gateway(void **state)
{
        (void)state;
        assert_int_equal(prefix_usable(16), 65533);
        assert_int_equal(prefix_usable(24), 253);
        assert_int_equal(prefix_usable(29), 5);
        assert_int_equal(prefix_usable(30), 1);
        assert_int_equal(prefix_usable(31), 0);
        assert_int_equal(prefix_usable(32), 0);
        assert_true(prefix_usable(0) == UINT64_C(4294967293));
}

static void addresses_are_read_as_inet_pton_reads_them(void **state)
{
        static const char marks[] = "0123456789..25/ -x";
        struct random_stream random = {.state = 28};
        struct in_addr expected;
        uint32_t address = 0;
        int fine = 0;

        (void)state;
        for (int i = 0; i < 300000; i++) {
                char text[20] = {0};
                if (i % 2)
                        snprintf(text, sizeof(text), "%d.%d.%d.%d", (int)random_below(&random, 300),
                                 (int)random_below(&random, 256), (int)random_below(&random, 20),
                                 (int)random_below(&random, 260));
                for (uint64_t j = 0, count = random_below(&random, i % 2 ? 3 : 16); j < count; j++)
                        text[random_below(&random, 18)] = marks[random_below(&random, sizeof(marks))];
                _cleanup_free_ char *bare = text_copy_n(text, strcspn(text, "/"));
                bool is_one = inet_pton(AF_INET, bare, &expected) == 1;
                assert_int_equal(address_parse(text, &address), is_one);
                if (is_one)
                        assert_int_equal(address, ntohl(expected.s_addr));
                fine += is_one;
        }
        assert_in_range(fine, 10000, 290000);
}

static void times_of_the_engine_are_read(void **state)
{
        (void)state;
        assert_int_equal(clock_parse("1970-01-01T00:00:00Z"), 0);
        assert_int_equal(clock_parse("1970-01-01T00:00:01.5Z"), 1500);
        assert_int_equal(clock_parse("2026-03-01T12:00:00Z"), 1772366400000);
        assert_int_equal(clock_parse("2026-03-01T12:00:00.123456789Z"), 1772366400123);
        assert_int_equal(clock_parse("2026-03-01T12:00:00.04+00:00"), 1772366400040);
        assert_int_equal(clock_parse("2026-03-01T17:30:00+05:30"), 1772366400000);
        assert_int_equal(clock_parse("2026-03-01T04:00:00.999-08:00"), 1772366400999);
        assert_int_equal(clock_parse("2024-02-29T00:00:00Z"), 1709164800000);
        assert_int_equal(clock_parse("2016-12-31T23:59:60Z"), 1483228800000);
        assert_int_equal(clock_parse("0001-01-01T00:00:00Z"), -62135596800000); /* Go's zero time */
}

static void every_day_is_read_as_the_day_it_is_written_as(void **state)
{
        const int64_t day_ms = 24 * 60 * 60 * 1000LL;

        (void)state;
        for (int64_t day = -354285; day < 2932897; day++) { /* 1000-01-01 to 9999-12-31 */
                _cleanup_free_ char *text = clock_format(day * day_ms);
                if (clock_parse(text) != day * day_ms)
                        fail_msg("day %" PRId64 " is written as %s", day, text);
        }
}

static void what_is_no_time_is_refused(void **state)
{
        static const char *const texts[] = {
                "",
                "now",
                "2026-03-01",
                "2026-03-01T12:00:00",
                "2026-03-01 12:00:00Z",
                "2026-3-1T12:00:00Z",
                " 2026-03-01T12:00:00Z",
                "2026-03-01T12:00:00Zulu",
                "2026-03-01T12:00:00.Z",
                "2026-03-01T12:00:00+5",
                "2026-03-01T12:00:00+ 5:30",
                "2026-03-01T12:00:00+24:00",
                "2026-03-01T24:00:00Z",
                "2026-03-01T12:60:00Z",
                "2026-02-29T12:00:00Z",
                "2026-02-30T12:00:60Z",
                "2026-00-10T12:00:00Z",
                "2026-13-10T12:00:00Z",
                "2026-01-00T12:00:00Z",
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(texts); i++)
                assert_int_equal(clock_parse(texts[i]), -1);
        assert_int_equal(clock_parse(NULL), -1);
}

static void times_survive_being_written_and_read(void **state)
{
        (void)state;
        for (int i = 0; i < ROUNDS; i++) {
                int64_t seconds = (int64_t)random_below(&stream, 253402300800); /* to the end of 9999 */
                _cleanup_free_ char *text = clock_format(seconds * 1000);
                assert_int_equal(clock_parse(text), seconds * 1000);
        }
}

struct fake_clock {
        int64_t now_ms;
};

static int64_t fake_now(void *userdata)
{
        return ((struct fake_clock *)userdata)->now_ms;
}

static void fake_sleep(void *userdata, int64_t duration_ms)
{
        ((struct fake_clock *)userdata)->now_ms += duration_ms;
}

static void virtual_time_takes_no_time(void **state)
{
        struct fake_clock fake = {0};
        struct clock_source source = {fake_now, fake_now, fake_sleep, &fake};

        (void)state;
        int64_t before_ms = clock_now_ms();
        clock_use(&source);
        clock_sleep_ms(3600000);
        clock_sleep_ms(-5);
        assert_int_equal(clock_now_ms(), 3600000);
        assert_int_equal(clock_wall_ms(), 3600000);
        clock_use(NULL);
        assert_in_range(clock_now_ms() - before_ms, 0, 60000);
}

static void digests_are_those_of_the_standard(void **state)
{
        char text[DIGEST_TEXT_LENGTH + 1];
        struct digest *digest = digest_new();

        (void)state;
        digest_of("", 0, text);
        assert_string_equal(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        digest_of("abc", 3, text);
        assert_string_equal(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        for (int i = 0; i < 1000000; i += 1000) {
                char as[1000];
                memset(as, 'a', sizeof(as));
                digest_add(digest, as, sizeof(as));
        }
        digest_end(digest, text);
        assert_string_equal(text, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* A folder of the test's own, emptied of the files it made and removed. */
static const char folder_pattern[] = "/tmp/headroom-test-base-XXXXXX";
static char folder[sizeof(folder_pattern)];

static char *path_in_folder(const char *name)
{
        return text_format("%s/%s", folder, name);
}

static size_t count_files(void)
{
        DIR *entries = opendir(folder);
        size_t count = 0;

        assert_non_null(entries);
        for (const struct dirent *entry = readdir(entries); entry; entry = readdir(entries))
                count += entry->d_name[0] != '.';
        closedir(entries);
        return count;
}

static int make_folder(void **state)
{
        (void)state;
        memcpy(folder, folder_pattern, sizeof(folder));
        return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
        DIR *entries = opendir(folder);

        (void)state;
        for (const struct dirent *entry = entries ? readdir(entries) : NULL; entry;
             entry = readdir(entries)) {
                _cleanup_free_ char *path = path_in_folder(entry->d_name);
                if (entry->d_name[0] != '.' && unlink(path) < 0)
                        rmdir(path);
        }
        if (entries)
                closedir(entries);
        return rmdir(folder);
}

static void a_written_file_has_the_bytes_and_the_mode_and_nothing_beside_it(void **state)
{
        _cleanup_free_ char *path = path_in_folder("plan");
        _cleanup_buffer_ struct buffer bytes = {0};
        struct stat status;

        (void)state;
        assert_int_equal(file_write(path, "first\0x", 7, 0600, NULL), 0);
        assert_int_equal(file_write(path, "second", 6, 0640, NULL), 0);
        assert_int_equal(file_read(path, 6, &bytes, NULL), 0);
        assert_string_equal(buffer_text(&bytes), "second");
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 07777, 0640);
        assert_int_equal(count_files(), 1);
}

static void a_reader_keeps_the_old_file_while_a_new_one_is_written(void **state)
{
        _cleanup_free_ char *path = path_in_folder("plan");
        char old[4] = {0};

        (void)state;
        assert_int_equal(file_write(path, "old", 3, 0600, NULL), 0);
        FILE *reader = fopen(path, "re");
        assert_non_null(reader);
        assert_int_equal(file_write(path, "new", 3, 0600, NULL), 0);
        assert_int_equal(fread(old, 1, 3, reader), 3);
        fclose(reader);
        assert_string_equal(old, "old");
}

static void a_write_that_fails_leaves_the_target_and_no_part(void **state)
{
        _cleanup_free_ char *path = path_in_folder("target");
        _cleanup_error_ struct error error = {0};

        (void)state;
        assert_int_equal(mkdir(path, 0700), 0); /* a rename cannot replace a folder */
        assert_int_equal(file_write(path, "new", 3, 0600, &error), -1);
        assert_non_null(strstr(error.sentence, path));
        assert_int_equal(count_files(), 1);
}

static void a_link_planted_at_the_part_is_not_followed(void **state)
{
        _cleanup_free_ char *path = path_in_folder("plan");
        _cleanup_free_ char *victim = path_in_folder("victim");
        _cleanup_free_ char *part = text_format("%s.%d.part", path, (int)getpid());
        _cleanup_buffer_ struct buffer bytes = {0};

        (void)state;
        assert_int_equal(file_write(victim, "kept", 4, 0600, NULL), 0);
        assert_int_equal(symlink(victim, part), 0);
        assert_int_equal(file_write(path, "new", 3, 0600, NULL), -1);
        assert_int_equal(file_read(victim, 100, &bytes, NULL), 0);
        assert_string_equal(buffer_text(&bytes), "kept");
}

static void what_is_no_file_is_not_replaced_by_one(void **state)
{
        _cleanup_free_ char *path = path_in_folder("pipe");
        _cleanup_error_ struct error error = {0};
        struct stat status;

        (void)state;
        assert_int_equal(mkfifo(path, 0600), 0);
        assert_int_equal(file_write(path, "new", 3, 0600, &error), -1);
        assert_int_equal(error.kind, ERROR_REFUSED);
        assert_int_equal(stat(path, &status), 0);
        assert_true(S_ISFIFO(status.st_mode));
        assert_int_equal(file_write("", "new", 3, 0600, NULL), -1);
}

static void a_link_stays_one_and_its_file_is_written(void **state)
{
        _cleanup_free_ char *path = path_in_folder("link");
        _cleanup_free_ char *file = path_in_folder("file");
        _cleanup_buffer_ struct buffer bytes = {0};
        struct stat status;

        (void)state;
        assert_int_equal(file_write(file, "old", 3, 0600, NULL), 0);
        assert_int_equal(symlink("file", path), 0);
        assert_int_equal(file_write(path, "new", 3, 0600, NULL), 0);
        assert_int_equal(lstat(path, &status), 0);
        assert_true(S_ISLNK(status.st_mode));
        assert_int_equal(file_read(file, 100, &bytes, NULL), 0);
        assert_string_equal(buffer_text(&bytes), "new");
}

static void a_file_past_the_bound_is_refused_and_adds_nothing(void **state)
{
        _cleanup_free_ char *path = path_in_folder("large");
        _cleanup_free_ char *large = memory_new(200000, 1);
        _cleanup_buffer_ struct buffer bytes = {0};
        _cleanup_error_ struct error error = {0};

        (void)state;
        buffer_add_text(&bytes, "before");
        assert_int_equal(file_write(path, large, 200000, 0600, NULL), 0);
        assert_int_equal(file_read(path, 199999, &bytes, &error), -1);
        assert_int_equal(error.kind, ERROR_REFUSED);
        assert_string_equal(buffer_text(&bytes), "before");
        assert_int_equal(file_read(path, 200000, &bytes, NULL), 0);
        assert_int_equal(bytes.length, 200006);
        assert_int_equal(file_read(folder, 10, &bytes, NULL), -1);
}

static void a_folder_is_made_with_its_parents_and_once(void **state)
{
        _cleanup_free_ char *inner = path_in_folder("a");
        _cleanup_free_ char *path = path_in_folder("a/b");
        struct stat status;

        (void)state;
        assert_int_equal(folder_make(path, 0700, NULL), 0);
        assert_int_equal(folder_make(path, 0755, NULL), 0);
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 07777, 0700);
        assert_int_equal(rmdir(path), 0);
        assert_int_equal(rmdir(inner), 0);
}

static void a_file_is_not_taken_for_a_folder(void **state)
{
        _cleanup_free_ char *path = path_in_folder("file");
        _cleanup_free_ char *below = path_in_folder("file/b");

        (void)state;
        assert_int_equal(file_write(path, "", 0, 0600, NULL), 0);
        assert_int_equal(folder_make(path, 0700, NULL), -1);
        assert_int_equal(folder_make(below, 0700, NULL), -1);
        assert_int_equal(folder_make("", 0700, NULL), -1);
}

static void a_buffer_holds_what_was_added_in_order(void **state)
{
        _cleanup_buffer_ struct buffer buffer = {0};
        _cleanup_buffer_ struct buffer model = {0};

        (void)state;
        assert_string_equal(buffer_text(&buffer), "");
        model.bytes = memory_new(ROUNDS, 9);
        for (int i = 0; i < ROUNDS; i++) {
                char piece[8];
                size_t length = random_below(&stream, sizeof(piece) + 1);
                for (size_t j = 0; j < length; j++)
                        piece[j] = (char)random_next(&stream);
                buffer_add(&buffer, piece, length);
                memcpy(model.bytes + model.length, piece, length);
                model.length += length;
        }
        assert_int_equal(buffer.length, model.length);
        assert_memory_equal(buffer.bytes, model.bytes, model.length);
        assert_int_equal(buffer.bytes[buffer.length], 0);
}

static void a_buffer_can_be_cleared_and_given_away(void **state)
{
        _cleanup_buffer_ struct buffer buffer = {0};

        (void)state;
        buffer_clear(&buffer);
        _cleanup_free_ char *nothing = buffer_steal(&buffer);
        assert_string_equal(nothing, "");
        buffer_format(&buffer, "%s-%d", "a", 7);
        buffer_clear(&buffer);
        buffer_add_text(&buffer, "b");
        _cleanup_free_ char *text = buffer_steal(&buffer);
        assert_string_equal(text, "b");
        assert_null(buffer.bytes);
        assert_int_equal(buffer.length, 0);
}

static void a_list_grows_and_its_new_elements_are_zero(void **state)
{
        LIST(struct prefix) list = {0};

        (void)state;
        for (uint32_t i = 0; i < 1000; i++) {
                struct prefix *prefix = list_add(&list);
                assert_int_equal(prefix->address, 0);
                assert_int_equal(prefix->length_bits, 0);
                *prefix = (struct prefix){i, 32};
        }
        assert_int_equal(list.count, 1000);
        for (uint32_t i = 0; i < 1000; i++)
                assert_int_equal(list.items[i].address, i);
        free(list.items);
}

static void numbers_take_up_the_whole_text(void **state)
{
        static const char *const refused[] = {
                "", "-1", "+1", " 1", "1 ", "0x10", "1.0", "a", "18446744073709551616"};
        uint64_t value;

        (void)state;
        assert_true(text_to_u64("0", &value));
        assert_true(value == 0);
        assert_true(text_to_u64("18446744073709551615", &value));
        assert_true(value == UINT64_MAX);
        for (size_t i = 0; i < ELEMENTS(refused); i++)
                assert_false(text_to_u64(refused[i], &value));
        assert_false(text_to_u64(NULL, &value));
        assert_true(value == UINT64_MAX);
}

static void an_error_keeps_kind_sentence_and_trail(void **state)
{
        _cleanup_error_ struct error error = {0};
        _cleanup_error_ struct error other = {0};

        (void)state;
        assert_int_equal(error_set(&error, ERROR_TIMEOUT, "no answer in %d s", 5), -1);
        error_while(&error, "reading tasks");
        error_while(&error, "surveying");
        assert_string_equal(error.trail, "while reading tasks, while surveying");
        assert_int_equal(error_set(&other, ERROR_USAGE, "old"), -1);
        assert_int_equal(error_move(&other, &error), -1);
        assert_string_equal(other.sentence, "no answer in 5 s");
        assert_int_equal(error.kind, ERROR_NONE);
        error_set(&other, ERROR_REFUSED, "again: %s", other.sentence); /* its own old words */
        assert_string_equal(other.sentence, "again: no answer in 5 s");
        assert_null(other.trail);
        assert_int_equal(error_exit_code(&other), 2);
        assert_int_equal(error_set(NULL, ERROR_FAILED, "nobody listens"), -1);
}

static void random_hex_is_hex_and_differs(void **state)
{
        char a[33];
        char b[33];

        (void)state;
        random_hex(a, 32);
        random_hex(b, 32);
        assert_int_equal(strspn(a, "0123456789abcdef"), 32);
        assert_int_equal(strlen(b), 32);
        assert_string_not_equal(a, b);
}

#define with_folder(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

static void a_shell_gets_back_the_word_that_was_said(void **state)
{
        static const char *const words[][2] = {
                {"plain-1.plan", "plain-1.plan"}, {"", "''"},     {"two words", "'two words'"},
                {"it's", "'it'\\''s'"},           {"~a", "'~a'"}, {"$(x)", "'$(x)'"},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(words); i++) {
                _cleanup_free_ char *word = text_shell_word(words[i][0]);
                assert_string_equal(word, words[i][1]);
                _cleanup_free_ char *command = text_format("test \"$(printf %%s- %s)\" = \"$WORD\"-", word);
                setenv("WORD", words[i][0], 1);
                assert_int_equal(system(command), 0);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(prefixes_behave_like_bit_strings),
                cmocka_unit_test(prefixes_survive_being_written_and_read),
                cmocka_unit_test(host_bits_are_named_and_cleared),
                cmocka_unit_test(what_is_no_prefix_is_refused),
                cmocka_unit_test(addresses_are_read_with_and_without_a_length),
                cmocka_unit_test(usable_addresses_leave_out_network_broadcast_and_gateway),
                cmocka_unit_test(addresses_are_read_as_inet_pton_reads_them),
                cmocka_unit_test(times_of_the_engine_are_read),
                cmocka_unit_test(every_day_is_read_as_the_day_it_is_written_as),
                cmocka_unit_test(what_is_no_time_is_refused),
                cmocka_unit_test(times_survive_being_written_and_read),
                cmocka_unit_test(virtual_time_takes_no_time),
                cmocka_unit_test(digests_are_those_of_the_standard),
                with_folder(a_written_file_has_the_bytes_and_the_mode_and_nothing_beside_it),
                with_folder(a_reader_keeps_the_old_file_while_a_new_one_is_written),
                with_folder(a_write_that_fails_leaves_the_target_and_no_part),
                with_folder(a_link_planted_at_the_part_is_not_followed),
                with_folder(what_is_no_file_is_not_replaced_by_one),
                with_folder(a_link_stays_one_and_its_file_is_written),
                with_folder(a_file_past_the_bound_is_refused_and_adds_nothing),
                with_folder(a_folder_is_made_with_its_parents_and_once),
                with_folder(a_file_is_not_taken_for_a_folder),
                cmocka_unit_test(a_buffer_holds_what_was_added_in_order),
                cmocka_unit_test(a_buffer_can_be_cleared_and_given_away),
                cmocka_unit_test(a_list_grows_and_its_new_elements_are_zero),
                cmocka_unit_test(numbers_take_up_the_whole_text),
                cmocka_unit_test(an_error_keeps_kind_sentence_and_trail),
                cmocka_unit_test(random_hex_is_hex_and_differs),
                cmocka_unit_test(a_shell_gets_back_the_word_that_was_said),
        };

        return cmocka_run_group_tests(tests, start_stream, NULL);
}
