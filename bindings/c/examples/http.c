#define _POSIX_C_SOURCE 200809L
#include "http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Where it is missing, the program ignores SIGPIPE. */
#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

enum { ROOM = 16 * 1024 };

uint64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void sleep_until(uint64_t deadline_ms) {
    uint64_t now = now_ms();
    if (deadline_ms > now) {
        uint64_t left = deadline_ms - now;
        struct timespec time = {(time_t)(left / 1000), (long)(left % 1000) * 1000000};
        nanosleep(&time, NULL);
    }
}

int http_init(struct http *http, const char *address, uint16_t port) {
    memset(http, 0, sizeof *http);
    http->socket = -1;
    http->address.sin_family = AF_INET;
    http->address.sin_port = htons(port);
    return inet_pton(AF_INET, address, &http->address.sin_addr) == 1 ? 0 : -1;
}

void http_close(struct http *http) {
    if (http->socket >= 0) {
        close(http->socket);
    }
    http->socket = -1;
}

/* Waits until the socket is ready. 0 = it is, else the time is up. */
static int wait_for(int socket, short events, uint64_t deadline_ms) {
    for (;;) {
        uint64_t now = now_ms();
        if (now >= deadline_ms) {
            return ESPPROV_FAULT_TIMED_OUT;
        }
        uint64_t left = deadline_ms - now;
        struct pollfd file = {.fd = socket, .events = events};
        int ready = poll(&file, 1, left < 60000 ? (int)left : 60000);
        if (ready > 0) {
            return 0;
        }
        if (ready < 0 && errno != EINTR) {
            return ESPPROV_FAULT_LOST;
        }
    }
}

static int connect_to(struct http *http, uint64_t deadline_ms) {
    http->socket = socket(AF_INET, SOCK_STREAM, 0);
    if (http->socket < 0) {
        return ESPPROV_FAULT_LOST;
    }
    fcntl(http->socket, F_SETFL, O_NONBLOCK);
    int error = 0;
    socklen_t len = sizeof error;
    if (connect(http->socket, (struct sockaddr *)&http->address, sizeof http->address) != 0) {
        if (errno != EINPROGRESS) {
            http_close(http);
            return ESPPROV_FAULT_LOST;
        }
        int fault = wait_for(http->socket, POLLOUT, deadline_ms);
        getsockopt(http->socket, SOL_SOCKET, SO_ERROR, &error, &len);
        if (fault != 0 || error != 0) {
            http_close(http);
            return fault != 0 ? fault : ESPPROV_FAULT_LOST;
        }
    }
    return 0;
}

int http_open(struct http *http, int fresh_session, uint64_t deadline_ms) {
    http_close(http);
    if (fresh_session) {
        http->cookie[0] = '\0';
    }
    int fault = connect_to(http, deadline_ms);
    http->failed = fault != 0;
    return fault;
}

static int send_all(int socket, const void *bytes, size_t len, uint64_t deadline_ms) {
    const char *next = bytes;
    while (len > 0) {
        ssize_t sent = send(socket, next, len, MSG_NOSIGNAL);
        if (sent >= 0) {
            next += sent;
            len -= (size_t)sent;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            int fault = wait_for(socket, POLLOUT, deadline_ms);
            if (fault != 0) {
                return fault;
            }
        } else if (errno != EINTR) {
            return ESPPROV_FAULT_LOST;
        }
    }
    return 0;
}

/* Where the body begins and how long it is, once the head is there. */
static int read_head(struct http *http, const char *text, size_t *head_len, size_t *body_len, int *status) {
    const char *end = strstr(text, "\r\n\r\n");
    if (end == NULL) {
        return 0;
    }
    *head_len = (size_t)(end - text) + 4;
    *body_len = 0;
    *status = 0;
    if (strncmp(text, "HTTP/1.1 ", 9) == 0) {
        *status = atoi(text + 9);
    }
    for (const char *line = text; line < end; line = strstr(line, "\r\n") + 2) {
        if (strncasecmp(line, "content-length:", 15) == 0) {
            *body_len = strtoul(line + 15, NULL, 10);
        } else if (strncasecmp(line, "set-cookie: session=", 20) == 0) {
            /* No attribute goes back, and no blank: the device compares to the letter. */
            size_t digits = strspn(line + 20, "0123456789");
            snprintf(http->cookie, sizeof http->cookie, "session=%.*s", (int)(digits < 16 ? digits : 16), line + 20);
        }
    }
    return 1;
}

/* The answer: head and body. */
static int receive(struct http *http, void *reply, size_t room, size_t *reply_len, uint64_t deadline_ms) {
    int socket = http->socket;
    char text[ROOM + 1];
    size_t have = 0, head_len = 0, body_len = 0;
    int status = 0;
    for (;;) {
        ssize_t got = have < ROOM ? recv(socket, text + have, ROOM - have, 0) : 0;
        if (got > 0) {
            have += (size_t)got;
            text[have] = '\0';
            if (read_head(http, text, &head_len, &body_len, &status)) {
                if (body_len > ROOM - head_len) {
                    return ESPPROV_FAULT_GARBLED;
                }
                if (have >= head_len + body_len) {
                    break;
                }
            }
        } else if (got == 0) {
            /* A device that refuses closes the connection without a word. */
            return have == 0 ? ESPPROV_FAULT_REFUSED : ESPPROV_FAULT_GARBLED;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            int fault = wait_for(socket, POLLIN, deadline_ms);
            if (fault != 0) {
                return fault;
            }
        } else if (errno != EINTR) {
            return have == 0 && errno == ECONNRESET ? ESPPROV_FAULT_REFUSED : ESPPROV_FAULT_LOST;
        }
    }
    if (status == 404) {
        return ESPPROV_FAULT_NO_SUCH_ENDPOINT;
    }
    if (status != 200) {
        return status == 500 ? ESPPROV_FAULT_REFUSED : ESPPROV_FAULT_GARBLED;
    }
    if (body_len > room) {
        return ESPPROV_FAULT_GARBLED;
    }
    memcpy(reply, text + head_len, body_len);
    *reply_len = body_len;
    return 0;
}

int http_exchange(struct http *http, EspprovDevice *device, const EspprovAction *action, void *reply,
                  size_t room, size_t *reply_len) {
    if (http->failed) {
        return ESPPROV_FAULT_NOT_OPEN;
    }
    /* Closed after a 404: with the cookie the session goes on. */
    int fault = http->socket < 0 ? connect_to(http, action->deadline_ms) : 0;
    const char *cookie = http->cookie;
    char head[256];
    int len = snprintf(head, sizeof head,
                       "POST /%s HTTP/1.1\r\nHost: device\r\nContent-Type: application/x-protocomm\r\n%s%s%s"
                       "Content-Length: %zu\r\n\r\n",
                       action->endpoint, cookie[0] ? "Cookie: " : "", cookie, cookie[0] ? "\r\n" : "",
                       action->request_len);
    if (fault == 0) {
        fault = send_all(http->socket, head, (size_t)len, action->deadline_ms);
    }
    if (fault == 0) {
        fault = send_all(http->socket, action->request, action->request_len, action->deadline_ms);
    }
    if (fault == 0) {
        espprov_sent(device);
        fault = receive(http, reply, room, reply_len, action->deadline_ms);
    }
    if (fault != 0) {
        http_close(http);
        /* That there is no such endpoint is an answer like others; but devices hang up after it. */
        http->failed = fault != ESPPROV_FAULT_NO_SUCH_ENDPOINT;
    }
    return fault;
}

int32_t http_run(struct http *http, EspprovDevice *device) {
    char reply[ROOM];
    for (;;) {
        EspprovAction action = {.size = sizeof action};
        int32_t status = espprov_poll(device, now_ms(), &action);
        int fault = 0;
        size_t len = 0;
        switch (status) {
        case ESPPROV_EXCHANGE:
            fault = http_exchange(http, device, &action, reply, sizeof reply, &len);
            status = fault == 0 ? espprov_reply(device, reply, len) : espprov_fault(device, fault);
            break;
        case ESPPROV_RECONNECT:
            fault = http_open(http, action.fresh_session, action.deadline_ms);
            status = fault == 0 ? espprov_reconnected(device) : espprov_fault(device, fault);
            break;
        case ESPPROV_WAIT:
            sleep_until(action.deadline_ms);
            continue;
        case ESPPROV_BUSY:
            continue;
        default:
            return status;
        }
        if (status != ESPPROV_OK) {
            return status;
        }
    }
}
