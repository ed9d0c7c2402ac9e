/* Assertions that say what was there instead, and end the program. */
#ifndef EXPECT_H
#define EXPECT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "espprov.h"

#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

#define EXPECT_STATUS(expression, wanted)                                                          \
    do {                                                                                           \
        int32_t got_ = (expression);                                                               \
        if (got_ != (wanted)) {                                                                    \
            fprintf(stderr, "%s:%d: %s is %d (%s), wanted %s\n", __FILE__, __LINE__, #expression,  \
                    (int)got_, espprov_status_text(got_), #wanted);                                \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

/* The code of the last error of a handle. */
static inline const char *code_of(const EspprovDevice *device) {
    static EspprovError error;
    error.size = sizeof error;
    EXPECT_STATUS(espprov_get_error(device, &error), ESPPROV_OK);
    EXPECT(error.message[0] != '\0');
    return error.code;
}

#define EXPECT_CODE(device, wanted)                                                                \
    do {                                                                                           \
        const char *code_ = code_of(device);                                                       \
        if (strcmp(code_, (wanted)) != 0) {                                                        \
            fprintf(stderr, "%s:%d: the error is %s, wanted %s\n", __FILE__, __LINE__, code_,      \
                    (wanted));                                                                     \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

#endif
