#include "base/digest.h"

#include <openssl/evp.h>
#include <stdlib.h>

struct digest {
        EVP_MD_CTX *context;
};

/* Looked up once: EVP_sha256() lets OpenSSL search its providers for every digest. */
static const EVP_MD *sha256(void)
{
        static EVP_MD *fetched;

        if (!fetched)
                fetched = EVP_MD_fetch(NULL, "SHA256", NULL);
        return fetched;
}

struct digest *digest_new(void)
{
        struct digest *digest = malloc(sizeof(*digest));

        if (!digest)
                abort();
        digest->context = EVP_MD_CTX_new();
        if (!digest->context || !EVP_DigestInit_ex(digest->context, sha256(), NULL))
                abort();
        return digest;
}

void digest_add(struct digest *digest, const void *bytes, size_t length)
{
        if (!EVP_DigestUpdate(digest->context, bytes, length))
                abort();
}

void digest_end(struct digest *digest, char ret_text[DIGEST_TEXT_LENGTH + 1])
{
        static const char digits[] = "0123456789abcdef";
        unsigned char sum[EVP_MAX_MD_SIZE];
        unsigned int length = 0;

        if (!EVP_DigestFinal_ex(digest->context, sum, &length))
                abort();
        for (unsigned int i = 0; i < length; i++) {
                ret_text[2 * i] = digits[sum[i] >> 4];
                ret_text[2 * i + 1] = digits[sum[i] & 15];
        }
        ret_text[2 * length] = 0;
        EVP_MD_CTX_free(digest->context);
        free(digest);
}

void digest_of(const void *bytes, size_t length, char ret_text[DIGEST_TEXT_LENGTH + 1])
{
        struct digest *digest = digest_new();

        digest_add(digest, bytes, length);
        digest_end(digest, ret_text);
}
