#include "move/review/review.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "host/host.h"
#include "host/signing.h"
#include "json/json.h"
#include "json/write.h"

#define KEY_DIGITS 8 /* of the digest of the key's fingerprint, in the file's name */

static const char *const phase_names[] = {
        [CHECK_BEFORE] = "before", [CHECK_DURING] = "during", [CHECK_AFTER] = "after"};

bool plan_is_same(const struct plan *a, const struct plan *b)
{
        _cleanup_buffer_ struct buffer left = {0};
        _cleanup_buffer_ struct buffer right = {0};

        plan_format(a, false, &left);
        plan_format(b, false, &right);
        return text_equal(buffer_text(&left), buffer_text(&right));
}

/* The file is read here anew: what has its digest must be what is going to run. */
int review_plan_digest(const struct plan *plan, const char *plan_path, char **ret_digest, struct error *error)
{
        _cleanup_buffer_ struct buffer bytes = {0};
        _cleanup_json_ struct json_document *d = NULL;
        _cleanup_plan_ struct plan there = {0};
        char digest[DIGEST_TEXT_LENGTH + 1];

        if (file_read(plan_path, PLAN_BYTES_MAX, &bytes, error) < 0 ||
            json_parse(buffer_text(&bytes), bytes.length, &d, error) < 0)
                return -1;
        json_node body = json_get(d, json_root(d), "headroom_plan");
        if (body == JSON_NONE ||
            plan_parse(json_bytes(d, body), json_length(d, body), plan_path, &there, NULL) < 0 ||
            !plan_is_same(plan, &there))
                return error_set(error, ERROR_REFUSED, "%s was changed while it was looked at", plan_path);
        digest_of(bytes.bytes, bytes.length, digest);
        *ret_digest = text_copy(digest);
        return 0;
}

static void write_points(struct json_writer *w, const struct check_points *points)
{
        json_write_key(w, "points");
        json_write_array(w);
        for (size_t i = 0; i < points->items.count; i++) {
                const struct check_point *point = &points->items.items[i];
                json_write_object(w);
                json_write_member_text(w, "result", check_result_name(point->result));
                json_write_member_text(w, "subject", point->subject);
                json_write_member_text(w, "claim", point->claim);
                json_write_member_text(w, "found", point->found);
                json_write_object_end(w);
        }
        json_write_array_end(w);
}

static void format_review(const struct review *review, const char *digest, const char *fingerprint,
                          struct buffer *ret_text)
{
        struct json_writer w = {.out = ret_text, .indented = true};
        _cleanup_free_ char *now = clock_format(clock_wall_ms());
        _cleanup_free_ char *host = host_name();

        json_write_object(&w);
        json_write_member_u64(&w, "headroom_review", REVIEW_FORMAT);
        json_write_member_text(&w, "plan", review->plan->id);
        json_write_member_text(&w, "plan_sha256", digest);
        json_write_member_text(&w, "network", review->plan->network);
        json_write_member_text(
                &w, "subnet", review->goal == GOAL_NEW ? review->plan->new_subnet : review->plan->old_subnet);
        json_write_member_text(&w, "time", now);
        json_write_member_text(&w, "host", host);
        json_write_member_text(&w, "key", fingerprint);
        json_write_member_text(&w, "goal", review->goal == GOAL_NEW ? "new" : "old");
        json_write_member_text(&w, "phase", phase_names[review->phase]);
        json_write_member_text(&w, "verdict", check_passed(review->points) ? "pass" : "fail");
        write_points(&w, review->points);
        json_write_object_end(&w);
        buffer_add_text(ret_text, "\n");
}

/* The signature first: a review without one would be told as such, a signature alone is nothing. */
static int write_both(const char *path, const struct buffer *text, const struct buffer *signature,
                      struct error *error)
{
        _cleanup_free_ char *signature_path = text_format("%s.sig", path);

        if (file_write(signature_path, signature->bytes, signature->length, 0644, error) < 0)
                return -1;
        if (file_write(path, text->bytes, text->length, 0644, error) == 0)
                return 0;
        unlink(signature_path);
        unlink(path); /* an older one has lost its signature */
        return -1;
}

int review_write(const struct review *review, const char *key_path, char **ret_path, char **ret_fingerprint,
                 struct error *error)
{
        _cleanup_free_ char *digest = NULL;
        _cleanup_free_ char *fingerprint = NULL;
        _cleanup_buffer_ struct buffer text = {0};
        _cleanup_buffer_ struct buffer signature = {0};
        char key_digest[DIGEST_TEXT_LENGTH + 1];

        if (key_fingerprint(key_path, &fingerprint, error) < 0 ||
            review_plan_digest(review->plan, review->plan_path, &digest, error) < 0)
                return -1;
        format_review(review, digest, fingerprint, &text);
        if (signature_make(key_path, REVIEW_NAMESPACE, &text, &signature, error) < 0)
                return -1;
        digest_of(fingerprint, strlen(fingerprint), key_digest);
        _cleanup_free_ char *path = text_format("%s.review-%.*s", review->plan_path, KEY_DIGITS, key_digest);
        if (write_both(path, &text, &signature, error) < 0)
                return error_while(error, "writing the review beside the plan");
        *ret_path = steal_pointer(path);
        *ret_fingerprint = steal_pointer(fingerprint);
        return 0;
}

int plan_sign(const char *plan_path, const char *key_path, struct error *error)
{
        _cleanup_free_ char *signature_path = text_format("%s.sig", plan_path);
        _cleanup_buffer_ struct buffer bytes = {0};
        _cleanup_buffer_ struct buffer signature = {0};

        plan_sign_not(plan_path);
        if (file_read(plan_path, PLAN_BYTES_MAX, &bytes, error) < 0 ||
            signature_make(key_path, REVIEW_PLAN_NAMESPACE, &bytes, &signature, error) < 0)
                return -1;
        return file_write(signature_path, signature.bytes, signature.length, 0644, error);
}

void plan_sign_not(const char *plan_path)
{
        _cleanup_free_ char *signature_path = text_format("%s.sig", plan_path);

        unlink(signature_path);
}
