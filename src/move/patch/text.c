#include "move/patch/text.h"

#include "base/text.h"

void patch_text_done(struct patch_text *text)
{
        free(text->bytes);
        free(text->begin);
        free(text->end);
        *text = (struct patch_text){0};
}

static void make_room(struct patch_text *text, size_t more)
{
        if (text->room - text->length >= more)
                return;
        text->room = MAX(text->length + more, MAX(2 * text->room, (size_t)16));
        text->bytes = memory_resize(text->bytes, text->room, 1);
        text->begin = memory_resize(text->begin, text->room, sizeof(*text->begin));
        text->end = memory_resize(text->end, text->room, sizeof(*text->end));
}

void patch_text_add(struct patch_text *text, char c, size_t begin, size_t end)
{
        make_room(text, 1);
        text->bytes[text->length] = c;
        text->begin[text->length] = (uint32_t)begin;
        text->end[text->length++] = (uint32_t)end;
}

void patch_text_add_part(struct patch_text *text, const struct patch_text *from, size_t start, size_t stop)
{
        for (size_t i = start; i < stop; i++)
                patch_text_add(text, from->bytes[i], from->begin[i], from->end[i]);
}

void patch_text_add_bytes(struct patch_text *text, const char *bytes, size_t start, size_t stop)
{
        make_room(text, stop - start);
        for (size_t i = start; i < stop; i++)
                patch_text_add(text, bytes[i], i, i + 1);
}

bool patch_text_has(const struct patch_text *text, size_t at, size_t end, const char *word)
{
        size_t length = strlen(word);

        return end - at >= length && memcmp(text->bytes + at, word, length) == 0;
}

size_t patch_text_skip_mark(const struct patch_text *text, size_t at, size_t end)
{
        for (size_t depth = 0; at < end; at++) {
                char c = text->bytes[at];
                depth += c == MARK_SHELL || c == MARK_NIX;
                if (c == MARK_END && --depth == 0)
                        return at + 1;
        }
        return end;
}

char *patch_text_copy(const struct patch_text *text)
{
        return text_copy_n(text->length ? text->bytes : "", text->length);
}
