#pragma once

/*
 * What the operator has written into /etc/headroom/headroom.yaml. Every key may be absent, and so may the
 * file. One table names each key with its type, default and help; parsing, `headroom config` and the manual
 * page come from it. Options of a command line win over all this; that is the commands' business.
 */

#include "base/error.h"
#include "base/text.h"

#define SETTINGS_PATH      "/etc/headroom/headroom.yaml"
#define SETTINGS_BYTES_MAX ((size_t)1 << 20)
#define SETTINGS_ITEMS_MAX 256 /* of one list */
#define SETTINGS_COUNT     17

struct setting_text {
        char *text;
        unsigned line;
};

struct setting_texts {
        LIST(struct setting_text) items;
};

/* A URL that must answer. */
struct setting_check {
        char *url;
        uint64_t status; /* 0: any from 200 to 399 */
        char *title;     /* of the page; NULL: any */
        unsigned line;
};

struct settings {
        LIST(struct setting_check) checks;
        struct setting_texts quiet_stacks, quiet_busy, quiet_commands;
        uint64_t quiet_wait_s;
        struct setting_texts pause_units, pause_services;
        char *roads_rebuild; /* NULL: none, here and in all texts below but `state` */
        struct setting_texts roads_units;
        char *roads_command;
        uint64_t roads_timeout_s;
        struct setting_texts reserve, edges;
        uint64_t require_reviews;
        char *allowed_signers;
        char *state;
        uint64_t ensure_timeout_s;

        char *path;                     /* of the file that was read; NULL when there is none */
        unsigned lines[SETTINGS_COUNT]; /* where each key of the table is set; 0: nowhere */
        bool state_from_environment;
};

void settings_done(struct settings *settings);
#define _cleanup_settings_ _cleanup_(settings_done)

/*
 * The effective settings: defaults, the file, HEADROOM_STATE. The file is `path`, else HEADROOM_CONFIG's,
 * else SETTINGS_PATH, and only the last may be missing. What is not understood is ERROR_USAGE with file and
 * line, and so is a variable that is set but empty.
 */
int settings_load(const char *path, struct settings *ret_settings, struct error *error);

/* The file's part, out of its text. */
int settings_parse(const char *bytes, size_t length, const char *origin, struct settings *ret_settings,
                   struct error *error);

enum setting_type {
        SETTING_TEXT,   /* char * */
        SETTING_PATH,   /* char *, absolute */
        SETTING_NUMBER, /* uint64_t, from min to max */
        SETTING_TEXTS,  /* struct setting_texts */
        SETTING_RANGES, /* struct setting_texts, each a subnet */
        SETTING_CHECKS,
};

struct setting {
        const char *name; /* "quiet.stacks" */
        enum setting_type type;
        size_t offset;        /* in struct settings */
        const char *fallback; /* the default as it would be written; NULL: none */
        uint64_t min, max;    /* of a number */
        const char *argument; /* "SECONDS" */
        const char *help;
};

extern const struct setting settings_table[]; /* ends with a NULL name */

/* Every key in the table's order, a list's items one by one; a key without a value has the value "". Borrowed
 * texts. */
typedef void (*settings_row)(void *userdata, const struct setting *setting, const char *value,
                             const char *source);
void settings_show(const struct settings *settings, settings_row row, void *userdata);
