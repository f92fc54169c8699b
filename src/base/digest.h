#pragma once

/* SHA-256, by OpenSSL's libcrypto (FIPS 180-4). */

#include <stddef.h>

#define DIGEST_TEXT_LENGTH 64

struct digest;

struct digest *digest_new(void);
void digest_add(struct digest *digest, const void *bytes, size_t length);
void digest_end(struct digest *digest,
                char ret_text[DIGEST_TEXT_LENGTH + 1]); /* lower-case hex; frees the digest */

void digest_of(const void *bytes, size_t length, char ret_text[DIGEST_TEXT_LENGTH + 1]);
