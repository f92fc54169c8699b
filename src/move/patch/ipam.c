/* How the subnet of a Compose network is written. */

#include "move/patch/yaml.h"

char *ipam_in_brackets(enum ipam_level level, const char *subnet, bool json)
{
        const char *q = json ? "\"" : "";
        char *text = text_format("%ssubnet%s: %s%s%s", q, q, q, subnet, q);

        for (int at = LEVEL_POOL; at > (int)level; at--) {
                char *inner = text;
                text = at == LEVEL_POOL     ? text_format("{%s}", inner)
                       : at == LEVEL_CONFIG ? text_format("%sconfig%s: [%s]", q, q, inner)
                                            : text_format("%sipam%s: {%s}", q, q, inner);
                free(inner);
        }
        return text;
}

void line_indent(struct buffer *text, const char *newline, size_t columns)
{
        buffer_format(text, "%s%*s", newline, (int)columns, "");
}

void ipam_in_lines(enum ipam_level level, const char *subnet, size_t columns, size_t step,
                   const char *newline, struct buffer *text)
{
        for (enum ipam_level at = level; at < LEVEL_CONFIG; at++) {
                buffer_add_text(text, at == LEVEL_ENTRY ? "ipam:" : "config:");
                columns += step;
                line_indent(text, newline, columns);
        }
        buffer_format(text, "%ssubnet: %s", level <= LEVEL_CONFIG ? "- " : "", subnet);
}
