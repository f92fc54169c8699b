#pragma once

/* Findings as people read them, and as an exit code. */

#include "pool/finding.h"

/*
 * Prints each on stdout: what is wrong, what it means, the next command, with the options that lead it to the
 * same engine (invocation_places). `only` NULL: those of all networks.
 */
void findings_print(const struct findings *findings, const struct network *only, const char *places);

int findings_exit_code(const struct findings *findings); /* monitoring style: 0 fine, 1 warning, 2 critical */
