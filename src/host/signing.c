#include "host/signing.h"

#include "base/file.h"
#include "base/text.h"
#include "host/program.h"

#include <errno.h>
#include <sys/stat.h>

#define KEYGEN              "ssh-keygen"
#define JUDGE_TIMEOUT_MS    10000
#define PERSON_TIMEOUT_MS   300000 /* to type a passphrase or touch a key */
#define OUTPUT_BYTES_MAX    65536
#define PRINCIPAL_BYTES_MAX 256
#define FINGERPRINT_START   "SHA256:"
#define FINGERPRINT_LENGTH  (sizeof(FINGERPRINT_START) - 1 + 43) /* 256 bits in base64, without padding */

void signer_done(struct signer *signer)
{
        free(signer->fingerprint);
        free(signer->principal);
        *signer = (struct signer){0};
}

static int keygen(const struct program *program, struct program_result *ret_result, struct error *error)
{
        _cleanup_error_ struct error told = {0};

        if (program_run(program, ret_result, &told) == 0)
                return 0;
        if (told.kind == ERROR_NOT_FOUND)
                return error_set(error, ERROR_FAILED,
                                 "there is no " KEYGEN
                                 " here, which makes and judges signatures; install the "
                                 "package openssh-client");
        return error_move(error, &told);
}

/* Its last words, for a sentence of ours. */
static char *words_of(const struct program_result *result)
{
        char *words = program_words(&result->errors);

        return words ? words : text_format(KEYGEN " ended with status %d", result->status);
}

/* The last fingerprint in the text; NULL when there is none. Owned by the caller. */
static char *find_fingerprint(const char *text)
{
        static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        const char *found = NULL;

        for (const char *at = text; (at = strstr(at, FINGERPRINT_START)); at++)
                found = at;
        if (!found || strspn(found + strlen(FINGERPRINT_START), digits) !=
                              FINGERPRINT_LENGTH - strlen(FINGERPRINT_START))
                return NULL;
        return text_copy_n(found, FINGERPRINT_LENGTH);
}

int key_fingerprint(const char *key_path, char **ret_fingerprint, struct error *error)
{
        const char *const arguments[] = {KEYGEN, "-l", "-E", "sha256", "-f", key_path, NULL};
        const struct program program = {
                .arguments = arguments, .timeout_ms = JUDGE_TIMEOUT_MS, .output_bytes_max = OUTPUT_BYTES_MAX};
        _cleanup_program_result_ struct program_result result = {0};

        if (access(key_path, R_OK) < 0)
                return error_set(error, ERROR_FAILED, "cannot read the key %s: %s", key_path,
                                 strerror(errno));
        if (keygen(&program, &result, error) < 0)
                return -1;
        const char *text = buffer_text(&result.output);
        const char *end = strchr(text, '\n');
        if (result.status == 0 && end && end[1])
                return error_set(error, ERROR_REFUSED, "%s holds several keys; name a file with one",
                                 key_path);
        /* "256 SHA256:... COMMENT (ED25519)": the comment is anybody's. */
        _cleanup_free_ char *first = text_copy_n(text, strcspn(text, "\n"));
        char *second = strchr(first, ' ');
        if (second)
                second[1 + strcspn(second + 1, " ")] = 0;
        char *fingerprint = result.status == 0 && second ? find_fingerprint(second) : NULL;
        if (!fingerprint) {
                _cleanup_free_ char *words = words_of(&result);
                return error_set(error, ERROR_FAILED, "%s is no key that " KEYGEN " can read: %s", key_path,
                                 words);
        }
        *ret_fingerprint = fingerprint;
        return 0;
}

int signature_make(const char *key_path, const char *name_space, const struct buffer *bytes,
                   struct buffer *ret_signature, struct error *error)
{
        const char *const arguments[] = {KEYGEN, "-q", "-Y", "sign", "-f", key_path, "-n", name_space, NULL};
        bool person = isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
        const struct program program = {.arguments = arguments,
                                        .input = bytes->bytes,
                                        .input_length = bytes->length,
                                        .terminal = person,
                                        .timeout_ms = person ? PERSON_TIMEOUT_MS : JUDGE_TIMEOUT_MS,
                                        .output_bytes_max = SIGNATURE_BYTES_MAX};
        _cleanup_program_result_ struct program_result result = {0};

        if (keygen(&program, &result, error) < 0)
                return error_while(error, "signing with %s", key_path);
        if (result.status || result.cut ||
            !text_starts_with(buffer_text(&result.output), "-----BEGIN SSH SIGNATURE")) {
                _cleanup_free_ char *words = words_of(&result);
                return error_set(error, ERROR_FAILED, "cannot sign with %s: %s", key_path, words);
        }
        buffer_add(ret_signature, result.output.bytes, result.output.length);
        return 0;
}

/* A signature is somebody's file: a pipe would hold ssh-keygen, and it is to name no option or terminal code.
 */
static int look_at_file(const char *path, struct error *error)
{
        struct stat status;

        if (stat(path, &status) < 0)
                return error_set(error, ERROR_REFUSED, "it has no signature beside it");
        if (!S_ISREG(status.st_mode) || status.st_size > (off_t)SIGNATURE_BYTES_MAX)
                return error_set(error, ERROR_REFUSED, "what lies beside it is no signature");
        return 0;
}

static bool is_principal(const char *text, size_t length)
{
        if (length == 0 || length > PRINCIPAL_BYTES_MAX || text[0] == '-')
                return false;
        for (size_t i = 0; i < length; i++)
                if (text[i] <= ' ' || text[i] > '~')
                        return false;
        return true;
}

/* The first of the principals that the file of allowed signers gives to the signature's key. */
static int find_principal(const char *signature_path, const char *allowed, char **ret_principal,
                          struct error *error)
{
        const char *const arguments[] = {KEYGEN,         "-Y", "find-principals", "-s",
                                         signature_path, "-f", allowed,           NULL};
        const struct program program = {
                .arguments = arguments, .timeout_ms = JUDGE_TIMEOUT_MS, .output_bytes_max = OUTPUT_BYTES_MAX};
        _cleanup_program_result_ struct program_result result = {0};

        if (keygen(&program, &result, error) < 0)
                return -1;
        const char *text = buffer_text(&result.output);
        size_t length = strcspn(text, "\n");
        if (result.status) {
                _cleanup_free_ char *words = words_of(&result);
                return error_set(error, ERROR_REFUSED, "its key is not one of %s (%s)", allowed, words);
        }
        if (!is_principal(text, length))
                return error_set(error, ERROR_REFUSED, "its key has a principal in %s that is not plain text",
                                 allowed);
        *ret_principal = text_copy_n(text, length);
        return 0;
}

static int verify(const char *const *arguments, const struct buffer *bytes, struct signer *signer,
                  struct error *error)
{
        const struct program program = {.arguments = arguments,
                                        .input = buffer_text(bytes),
                                        .input_length = bytes->length,
                                        .timeout_ms = JUDGE_TIMEOUT_MS,
                                        .output_bytes_max = OUTPUT_BYTES_MAX};
        _cleanup_program_result_ struct program_result result = {0};

        if (keygen(&program, &result, error) < 0)
                return -1;
        /* "Good "NAMESPACE" signature for PRINCIPAL with ED25519 key SHA256:..." */
        signer->fingerprint = result.status == 0 ? find_fingerprint(buffer_text(&result.output)) : NULL;
        if (signer->fingerprint)
                return 0;
        _cleanup_free_ char *words = words_of(&result);
        return error_set(error, ERROR_REFUSED, "its signature is not one of its content (%s)", words);
}

int signature_judge(const char *signature_path, const char *name_space, const char *allowed,
                    const struct buffer *bytes, struct signer *ret_signer, struct error *error)
{
        _cleanup_signer_ struct signer signer = {0};

        if (look_at_file(signature_path, error) < 0 ||
            (allowed && find_principal(signature_path, allowed, &signer.principal, error) < 0))
                return -1;
        const char *const by_whom[] = {KEYGEN,           "-Y", "verify", "-n", name_space,     "-I",
                                       signer.principal, "-f", allowed,  "-s", signature_path, NULL};
        const char *const at_all[] = {KEYGEN,     "-Y", "check-novalidate", "-n",
                                      name_space, "-s", signature_path,     NULL};
        if (verify(allowed ? by_whom : at_all, bytes, &signer, error) < 0)
                return -1;
        *ret_signer = signer;
        signer = (struct signer){0};
        return 0;
}
