#pragma once

/*
 * Signatures by ssh-keygen(1), as git makes them: "ssh-keygen -Y sign" over bytes in a namespace, judged by a
 * file of allowed signers. Expired and revoked lines of that file are ssh-keygen's business. What is signed
 * always comes from memory, so that it can't change between its judgement and its use.
 */

#include "base/buffer.h"
#include "base/error.h"

#define SIGNATURE_BYTES_MAX ((size_t)1 << 20)

/* "SHA256:..." of a private or public key file with one key. Owned by the caller. */
int key_fingerprint(const char *key_path, char **ret_fingerprint, struct error *error);

/*
 * `key_path` is a private key, or a public one whose private half the agent has. A passphrase is asked for
 * on the terminal when there is one. ERROR_FAILED has ssh-keygen's words.
 */
int signature_make(const char *key_path, const char *name_space, const struct buffer *bytes,
                   struct buffer *ret_signature, struct error *error);

/* Who made a signature. */
struct signer {
        char *fingerprint;
        char *principal; /* NULL when nobody was asked who that is */
};

void signer_done(struct signer *signer);
#define _cleanup_signer_ _cleanup_(signer_done)

/*
 * Whether the signature in the file is one over the bytes. With `allowed` it must also be by a key of that
 * file of allowed signers, and the signer has a principal. ERROR_REFUSED says why it does not count; any
 * other kind that it could not be judged.
 */
int signature_judge(const char *signature_path, const char *name_space, const char *allowed,
                    const struct buffer *bytes, struct signer *ret_signer, struct error *error);
