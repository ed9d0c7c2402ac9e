/* A link over HTTP, as devices in SoftAP mode speak it: a connection, and a cookie that keeps the session. Plain sockets. */
#ifndef HTTP_H
#define HTTP_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#include "espprov.h"

struct http {
    struct sockaddr_in address;
    int socket;      /* -1: closed */
    int failed;      /* since it was opened: open it anew before it is used */
    char cookie[32]; /* the session's, "session=…"; empty: none */
};

/* A clock for espprov_poll: milliseconds that do not go back. */
uint64_t now_ms(void);

/* Sleeps until then. */
void sleep_until(uint64_t deadline_ms);

/* A link to this address, closed. 0, or -1 where it is none. */
int http_init(struct http *http, const char *address, uint16_t port);

/* Opens the connection anew, in the same session or a fresh one. 0, or an EspprovFault. */
int http_open(struct http *http, int fresh_session, uint64_t deadline_ms);

void http_close(struct http *http);

/* One exchange: 0 and the reply's length, or an EspprovFault. Tells the library when the request is out. */
int http_exchange(struct http *http, EspprovDevice *device, const EspprovAction *action, void *reply,
                  size_t room, size_t *reply_len);

/* Takes the call under way to its end: ESPPROV_DONE, ESPPROV_FAILED, or a negative number. */
int32_t http_run(struct http *http, EspprovDevice *device);

#endif
