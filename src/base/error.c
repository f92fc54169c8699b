#include "base/error.h"

#include "base/text.h"

#include <stdarg.h>

void error_done(struct error *error)
{
        if (!error)
                return;
        free(error->sentence);
        free(error->trail);
        *error = (struct error){0};
}

int error_set(struct error *error, enum error_kind kind, const char *format, ...)
{
        va_list arguments;

        if (!error)
                return -1;
        va_start(arguments, format);
        char *sentence = text_vformat(format, arguments);
        va_end(arguments);
        error_done(error); /* after formatting: the arguments may point into the old error */
        error->kind = kind;
        error->sentence = sentence;
        return -1;
}

int error_while(struct error *error, const char *format, ...)
{
        va_list arguments;

        if (!error)
                return -1;
        va_start(arguments, format);
        _cleanup_free_ char *context = text_vformat(format, arguments);
        va_end(arguments);
        char *trail = error->trail ? text_format("%s, while %s", error->trail, context)
                                   : text_format("while %s", context);
        free(error->trail);
        error->trail = trail;
        return -1;
}

int error_move(struct error *to, struct error *from)
{
        if (!to) {
                error_done(from);
                return -1;
        }
        error_done(to);
        *to = *from;
        *from = (struct error){0};
        return -1;
}

int error_exit_code(const struct error *error)
{
        switch (error->kind) {
        case ERROR_NONE:
                return 0;
        case ERROR_USAGE:
                return 3;
        case ERROR_REFUSED:
                return 2;
        default:
                return 1;
        }
}
