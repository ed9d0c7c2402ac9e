/*
 * Gives a device in SoftAP mode its Wi-Fi network:
 *
 *     provision 192.168.4.1 80 abcd1234 Home correct-horse
 */
#include <stdio.h>
#include <stdlib.h>

#include "http.h"

static void explain(const EspprovError *error) {
    fprintf(stderr, "%s\n  probable cause: %s\n  what to do: %s\n", error->message, error->cause,
            error->help);
}

int main(int argc, char **argv) {
    if (argc != 6) {
        fprintf(stderr, "usage: %s ADDRESS PORT POP SSID PASSPHRASE\n", argv[0]);
        return 2;
    }
    struct http http;
    if (http_init(&http, argv[1], (uint16_t)atoi(argv[2])) != 0) {
        fprintf(stderr, "%s is no address\n", argv[1]);
        return 2;
    }
    EspprovConfig config = {
        .size = sizeof config,
        .pop = argv[3],
        .pop_len = ESPPROV_TEXT,
        .link = ESPPROV_LINK_HTTP,
    };
    EspprovError error = {.size = sizeof error};
    EspprovDevice *device = espprov_new(&config);
    if (device == NULL) {
        espprov_last_error(&error);
        explain(&error);
        return 1;
    }
    /* Nothing is open yet: the first thing to do is to connect. */
    espprov_close(device);

    int32_t status = espprov_provision_wifi(device, argv[4], ESPPROV_TEXT, argv[5], ESPPROV_TEXT);
    if (status == ESPPROV_OK) {
        status = http_run(&http, device);
    }
    if (status == ESPPROV_DONE) {
        EspprovWifi wifi = {.size = sizeof wifi};
        espprov_get_wifi(device, &wifi);
        if (wifi.has_ip) {
            printf("online at %u.%u.%u.%u\n", wifi.ip[0], wifi.ip[1], wifi.ip[2], wifi.ip[3]);
        } else {
            printf("online\n");
        }
    } else if (espprov_get_error(device, &error) == ESPPROV_OK) {
        explain(&error);
    } else {
        fprintf(stderr, "%s\n", espprov_status_text(status));
    }
    espprov_free(device);
    http_close(&http);
    return status == ESPPROV_DONE ? 0 : 1;
}
