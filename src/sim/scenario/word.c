#include "sim/scenario/field.h"

/* The word that was probably meant, by how many letters have to be changed, left out, put in or swapped. */

#define WORD_LENGTH_MAX 64

/* Optimal string alignment (Damerau 1964), in three rows. */
static size_t distance(const char *a, const char *b)
{
        size_t rows[3][WORD_LENGTH_MAX + 1];
        size_t length = strlen(b);

        for (size_t j = 0; j <= length; j++)
                rows[0][j] = j;
        for (size_t i = 1; a[i - 1]; i++) {
                const size_t *before = rows[(i + 1) % 3];
                const size_t *above = rows[(i + 2) % 3];
                size_t *row = rows[i % 3];
                row[0] = i;
                for (size_t j = 1; j <= length; j++) {
                        bool same = a[i - 1] == b[j - 1];
                        row[j] = MIN(MIN(above[j] + 1, row[j - 1] + 1), above[j - 1] + !same);
                        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                                row[j] = MIN(row[j], before[j - 2] + 1);
                }
        }
        return rows[strlen(a) % 3][length];
}

const char *word_nearest(const char *word, const char *const *words, size_t count)
{
        const char *nearest = NULL;
        size_t least = MAX(strlen(word) / 2, (size_t)1) + 1;

        if (strlen(word) > WORD_LENGTH_MAX)
                return NULL;
        for (size_t i = 0; i < count; i++) {
                size_t changes = strlen(words[i]) > WORD_LENGTH_MAX ? least : distance(word, words[i]);
                if (changes >= least)
                        continue;
                least = changes;
                nearest = words[i];
        }
        return nearest;
}
