#pragma once

/*
 * Real keys in a folder of the test's own: alice has two, planner is an allowed signer too, mallory is none,
 * expired and committer may not review, option has a principal that looks like an option. locked has a
 * passphrase, and of lonely only the public half is there. `signers` is the file of allowed signers.
 */

#include "base/file.h"
#include "base/text.h"
#include "host/program.h"
#include "host/signing.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

static char folder[] = "/tmp/headroom-review-XXXXXX";

static inline char *in_folder(const char *name)
{
        return text_format("%s/%s", folder, name);
}

static inline void write_file(const char *name, const char *text)
{
        _cleanup_free_ char *path = in_folder(name);

        assert_int_equal(file_write(path, text, strlen(text), 0600, NULL), 0);
}

static inline char *read_text(const char *name)
{
        _cleanup_free_ char *path = in_folder(name);
        struct buffer text = {0};
        _cleanup_error_ struct error error = {0};

        if (file_read(path, 1 << 20, &text, &error) < 0)
                fail_msg("%s", error.sentence);
        return buffer_steal(&text);
}

static inline bool exists(const char *name)
{
        _cleanup_free_ char *path = in_folder(name);

        return access(path, F_OK) == 0;
}

/* Keys */

static inline void make_key(const char *name, const char *passphrase)
{
        _cleanup_free_ char *path = in_folder(name);
        const char *const arguments[] = {"ssh-keygen", "-q",       "-t", "ed25519",
                                         "-N",         passphrase, "-C", "SHA256:no fingerprint",
                                         "-f",         path,       NULL};
        const struct program program = {
                .arguments = arguments, .timeout_ms = 60000, .output_bytes_max = 4096};
        _cleanup_program_result_ struct program_result result = {0};

        assert_int_equal(program_run(&program, &result, NULL), 0);
        assert_int_equal(result.status, 0);
}

/* "ssh-ed25519 AAAA..." */
static inline char *public_key(const char *name)
{
        _cleanup_free_ char *file = text_format("%s.pub", name);
        char *text = read_text(file);
        char *comment = strchr(strchr(text, ' ') + 1, ' ');

        *comment = 0;
        return text;
}

/* Lines of "PRINCIPAL [OPTIONS] KEY". */
static inline void allow(struct buffer *lines, const char *who, const char *key)
{
        _cleanup_free_ char *public = public_key(key);

        buffer_format(lines, "%s %s\n", who, public);
}

static inline char *fingerprint_of(const char *key)
{
        _cleanup_free_ char *path = in_folder(key);
        _cleanup_error_ struct error error = {0};
        char *fingerprint = NULL;

        if (key_fingerprint(path, &fingerprint, &error) < 0)
                fail_msg("%s", error.sentence);
        return fingerprint;
}

static inline int keys_make(void **state)
{
        static const char *const names[] = {"planner", "alice",     "alice2", "bob",   "mallory",
                                            "expired", "committer", "option", "lonely"};
        _cleanup_buffer_ struct buffer lines = {0};

        if (!mkdtemp(folder))
                return -1;
        for (size_t i = 0; i < ELEMENTS(names); i++)
                make_key(names[i], "");
        make_key("locked", "secret");
        _cleanup_free_ char *lonely = in_folder("lonely");
        unlink(lonely);
        buffer_add_text(&lines, "# who may review\n");
        allow(&lines, "planner@example.org", "planner");
        allow(&lines, "alice@example.org", "alice");
        allow(&lines, "alice@example.org", "alice2");
        allow(&lines, "bob@example.org,*@bob.example.org", "bob");
        allow(&lines, "expired@example.org valid-before=\"20200101\"", "expired");
        allow(&lines, "committer@example.org namespaces=\"git\"", "committer");
        allow(&lines, "-Ooption", "option");
        write_file("signers", buffer_text(&lines));
        unsetenv("SSH_AUTH_SOCK"); /* no agent of whoever runs this, and no window that asks */
        unsetenv("DISPLAY");
        return setenv("SSH_ASKPASS_REQUIRE", "never", 1);
}

static inline int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
        return remove(path);
}

static inline int keys_end(void **state)
{
        return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Takes the plan away with all that lies beside it; for after each test. */
static inline int remove_plan(const char *path, const struct stat *status, int type, struct FTW *walk)
{
        const char *name = path + strlen(folder);

        return text_starts_with(name, "/plan.") || text_equal(name, "/plan") ? remove(path) : 0;
}

static inline int desk_clear(void **state)
{
        return nftw(folder, remove_plan, 16, FTW_DEPTH | FTW_PHYS);
}
