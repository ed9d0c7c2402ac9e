/* What a program does with a device, over a socket: scenarios PORT NAME SECRET. SECRET is the PoP or password; "-" is none. */
#include "../../examples/http.h"
#include "expect.h"

static uint16_t port;
static const char *secret;

static EspprovDevice *make(const char *with) {
    EspprovConfig config = {.size = sizeof config, .link = ESPPROV_LINK_HTTP};
    if (strcmp(with, "-") == 0) {
        config.allow_plaintext = 1;
    } else {
        config.pop = with;
        config.pop_len = strlen(with);
    }
    EspprovDevice *device = espprov_new(&config);
    EXPECT(device != NULL);
    EXPECT_STATUS(espprov_close(device), ESPPROV_OK);
    return device;
}

static struct http connect_to(uint16_t to) {
    struct http http;
    EXPECT(http_init(&http, "127.0.0.1", to) == 0);
    return http;
}

static void provision(EspprovDevice *device, struct http *http) {
    EXPECT_STATUS(espprov_provision_wifi(device, "Home", 4, "correct-horse", ESPPROV_TEXT), ESPPROV_OK);
    EXPECT_STATUS(http_run(http, device), ESPPROV_DONE);
    EspprovWifi wifi = {.size = sizeof wifi};
    EXPECT_STATUS(espprov_get_wifi(device, &wifi), ESPPROV_OK);
    EXPECT(wifi.state == ESPPROV_STATE_CONNECTED && wifi.reason == ESPPROV_REASON_NONE);
    EXPECT(strcmp(wifi.ssid, "Home") == 0 && wifi.ssid_len == 4);
    EXPECT(wifi.has_ip && wifi.has_bssid && wifi.channel == 1);
}

/* Version, session, scan, data, credentials that are wrong, then right ones; what is told meanwhile. */
static void whole(void) {
    struct http http = connect_to(port);
    EspprovDevice *device = make(secret);

    EXPECT_STATUS(espprov_info(device), ESPPROV_OK);
    EXPECT_STATUS(http_run(&http, device), ESPPROV_DONE);
    EspprovInfo info = {.size = sizeof info};
    EXPECT_STATUS(espprov_get_info(device, &info), ESPPROV_OK);
    EXPECT(strcmp(info.version, "netprov-v1.2") == 0 && info.wifi_scan && info.wifi_prov && !info.thread_prov);

    EXPECT_STATUS(espprov_connect(device), ESPPROV_OK);
    EXPECT_STATUS(http_run(&http, device), ESPPROV_DONE);
    int32_t security = -7;
    EXPECT_STATUS(espprov_get_security(device, &security), ESPPROV_OK);
    EXPECT(security == info.security);

    EXPECT_STATUS(espprov_scan_wifi(device, 0), ESPPROV_OK);
    EXPECT_STATUS(http_run(&http, device), ESPPROV_DONE);
    EXPECT(espprov_count(device) == 16);
    EspprovAccessPoint network = {.size = sizeof network};
    EXPECT_STATUS(espprov_get_access_point(device, 0, &network), ESPPROV_OK);
    EXPECT(strcmp(network.ssid, "Home") == 0 && network.ssid_len == 4 && network.rssi == -40);
    EXPECT(strcmp(network.auth_name, "WPA2") == 0 && network.needs_secret && !network.is_enterprise);
    EXPECT_STATUS(espprov_get_access_point(device, 16, &network), ESPPROV_ERROR_INDEX);

    char data[1000];
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (char)(i * 7);
    }
    EXPECT_STATUS(espprov_send(device, "echo", data, sizeof data, 256), ESPPROV_OK);
    EXPECT_STATUS(http_run(&http, device), ESPPROV_DONE);
    EXPECT(espprov_count(device) == 4);
    size_t at = 0;
    for (size_t i = 0; i < 4; i++) {
        EspprovAnswer answer = {.size = sizeof answer};
        EXPECT_STATUS(espprov_get_answer(device, i, &answer), ESPPROV_OK);
        EXPECT(at + answer.len <= sizeof data && memcmp(data + at, answer.data, answer.len) == 0);
        at += answer.len;
    }
    EXPECT(at == sizeof data);

    EXPECT_STATUS(espprov_send(device, "no-such-endpoint", "x", 1, 0), ESPPROV_OK);
    EXPECT_STATUS(http_run(&http, device), ESPPROV_FAILED);
    EXPECT_CODE(device, "no_such_endpoint");

    EXPECT_STATUS(espprov_provision_wifi(device, "Home", 4, "battery-staple", ESPPROV_TEXT), ESPPROV_OK);
    EXPECT_STATUS(http_run(&http, device), ESPPROV_FAILED);
    EXPECT_CODE(device, "auth_error");
    EspprovWifi wifi = {.size = sizeof wifi};
    EXPECT_STATUS(espprov_get_wifi(device, &wifi), ESPPROV_OK);
    EXPECT(wifi.state == ESPPROV_STATE_FAILED && wifi.reason == ESPPROV_REASON_AUTH_ERROR);

    /* Another program would hear the same, and no name that it did not give. */
    EXPECT_STATUS(espprov_follow_wifi(device), ESPPROV_OK);
    EXPECT_STATUS(http_run(&http, device), ESPPROV_FAILED);
    EspprovError error = {.size = sizeof error};
    EXPECT_STATUS(espprov_get_error(device, &error), ESPPROV_OK);
    EXPECT(strcmp(error.code, "auth_error") == 0);
    EXPECT(strcmp(error.message, "its network refused the device") == 0);

    EXPECT_STATUS(espprov_control(device, ESPPROV_CONTROL_RESET_WIFI), ESPPROV_OK);
    EXPECT_STATUS(http_run(&http, device), ESPPROV_DONE);
    provision(device, &http);

    EXPECT_STATUS(espprov_wifi_status(device), ESPPROV_OK);
    EXPECT_STATUS(http_run(&http, device), ESPPROV_DONE);
    EXPECT_STATUS(espprov_get_wifi(device, &wifi), ESPPROV_OK);
    EXPECT(wifi.state == ESPPROV_STATE_CONNECTED);

    int sessions = 0, applied = 0;
    EspprovEvent event = {.size = sizeof event};
    while (espprov_get_event(device, &event) == ESPPROV_OK) {
        if (event.kind == ESPPROV_EVENT_KIND_SESSION) {
            sessions += 1;
            EXPECT(event.number == info.security);
        }
        applied += event.kind == ESPPROV_EVENT_KIND_CONFIG_APPLIED;
    }
    EXPECT(sessions >= 1 && applied == 2);
    espprov_free(device);
    http_close(&http);
}

/* A PoP that is not the device's: told from every other failure. */
static void wrong_secret(void) {
    struct http http = connect_to(port);
    EspprovDevice *device = make("wrong");
    EXPECT_STATUS(espprov_provision_wifi(device, "Home", 4, "correct-horse", ESPPROV_TEXT), ESPPROV_OK);
    EXPECT_STATUS(http_run(&http, device), ESPPROV_FAILED);
    EspprovError error = {.size = sizeof error};
    EXPECT_STATUS(espprov_get_error(device, &error), ESPPROV_OK);
    EXPECT(error.error_class == ESPPROV_CLASS_CREDENTIALS && error.retry == ESPPROV_RETRY_NO);
    EXPECT(strncmp(error.code, "wrong_", 6) == 0 && strlen(error.cause) > 0 && strlen(error.help) > 0);
    /* No help names a flag of the command or a method of Rust. */
    EXPECT(strstr(error.help, "--") == NULL && strstr(error.help, "()") == NULL);
    EspprovWifi wifi = {.size = sizeof wifi};
    EXPECT_STATUS(espprov_get_wifi(device, &wifi), ESPPROV_ERROR_NO_RESULT);
    espprov_free(device);
    http_close(&http);
}

/* No consent to plain text: nothing secret is sent. */
static void plaintext(void) {
    struct http http = connect_to(port);
    EspprovConfig config = {.size = sizeof config, .link = ESPPROV_LINK_HTTP};
    EspprovDevice *device = espprov_new(&config);
    EXPECT_STATUS(espprov_close(device), ESPPROV_OK);
    EXPECT_STATUS(espprov_provision_wifi(device, "Home", 4, "correct-horse", ESPPROV_TEXT), ESPPROV_OK);
    EXPECT_STATUS(http_run(&http, device), ESPPROV_FAILED);
    EXPECT_CODE(device, "plaintext_not_allowed");
    espprov_free(device);
    http_close(&http);
}

/* The link breaks between two calls, and in the middle of one: the next call opens it again and goes on. */
static void lost_link(void) {
    struct http http = connect_to(port);
    EspprovDevice *device = make(secret);
    EXPECT_STATUS(espprov_connect(device), ESPPROV_OK);
    EXPECT_STATUS(http_run(&http, device), ESPPROV_DONE);

    /* The program has not noticed: the exchange fails, and says whether trying again can help. */
    http_close(&http);
    http.failed = 1;
    EXPECT_STATUS(espprov_scan_wifi(device, ESPPROV_SCAN_PASSIVE), ESPPROV_OK);
    EXPECT_STATUS(http_run(&http, device), ESPPROV_FAILED);
    EspprovError error = {.size = sizeof error};
    EXPECT_STATUS(espprov_get_error(device, &error), ESPPROV_OK);
    EXPECT(error.error_class == ESPPROV_CLASS_LINK && error.retry != ESPPROV_RETRY_NO);
    EXPECT_STATUS(espprov_scan_wifi(device, ESPPROV_SCAN_PASSIVE), ESPPROV_OK);
    EXPECT_STATUS(http_run(&http, device), ESPPROV_DONE);
    EXPECT(espprov_count(device) == 16);

    /* Given up in the middle of an exchange. */
    EspprovAction action = {.size = sizeof action};
    EXPECT_STATUS(espprov_wifi_status(device), ESPPROV_OK);
    EXPECT_STATUS(espprov_poll(device, now_ms(), &action), ESPPROV_EXCHANGE);
    EXPECT_STATUS(espprov_cancel(device), ESPPROV_OK);
    EXPECT_STATUS(espprov_poll(device, now_ms(), &action), ESPPROV_ERROR_ORDER);
    EXPECT_STATUS(espprov_wifi_status(device), ESPPROV_OK);
    EXPECT_STATUS(espprov_poll(device, now_ms(), &action), ESPPROV_RECONNECT);
    EXPECT_STATUS(http_run(&http, device), ESPPROV_DONE);

    /* Nobody is there any more. */
    http_close(&http);
    EXPECT_STATUS(espprov_close(device), ESPPROV_OK);
    EXPECT_STATUS(espprov_wifi_status(device), ESPPROV_OK);
    EXPECT_STATUS(espprov_poll(device, now_ms(), &action), ESPPROV_RECONNECT);
    EXPECT_STATUS(espprov_fault(device, ESPPROV_FAULT_LOST), ESPPROV_OK);
    EXPECT_STATUS(espprov_poll(device, now_ms(), &action), ESPPROV_FAILED);
    EXPECT_CODE(device, "link_lost");
    espprov_free(device);
}

/* The device takes the credentials, is told to use them, and is never heard of again once the answer to its `last` request about
 * the network is lost: 2, to apply; 4, to the second look, after the first said that it is connecting. Only a question that was
 * handed over and went unanswered is evidence that it is online. The time is the program's own, so nobody waits. */
static void vanish(int last, bool sent) {
    struct http http = connect_to(port);
    EspprovDevice *device = make(secret);
    static char reply[16 * 1024];
    uint64_t now = now_ms();
    int configs = 0;
    int32_t status = espprov_provision_wifi(device, "Home", 4, "correct-horse", ESPPROV_TEXT);
    EXPECT_STATUS(status, ESPPROV_OK);
    for (;;) {
        EspprovAction action = {.size = sizeof action};
        size_t len = 0;
        status = espprov_poll(device, now, &action);
        if (status == ESPPROV_EXCHANGE) {
            configs += strcmp(action.endpoint, "prov-config") == 0;
            /* It tells the library that the request is out. */
            if (sent || configs < last) {
                EXPECT(http_exchange(&http, device, &action, reply, sizeof reply, &len) == 0);
            }
            status = configs < last ? espprov_reply(device, reply, len) : espprov_fault(device, ESPPROV_FAULT_LOST);
            EXPECT_STATUS(status, ESPPROV_OK);
        } else if (status == ESPPROV_RECONNECT && configs < last) {
            EXPECT(http_open(&http, action.fresh_session, action.deadline_ms) == 0);
            EXPECT_STATUS(espprov_reconnected(device), ESPPROV_OK);
        } else if (status == ESPPROV_RECONNECT) {
            EXPECT_STATUS(espprov_fault(device, ESPPROV_FAULT_LOST), ESPPROV_OK);
        } else if (status == ESPPROV_WAIT) {
            EXPECT(action.deadline_ms > now);
            now = action.deadline_ms;
        } else if (status != ESPPROV_BUSY) {
            break;
        }
    }
    EXPECT(configs == last);
    EspprovWifi wifi = {.size = sizeof wifi};
    EspprovError error = {.size = sizeof error};
    if (last > 2 && sent) {
        EXPECT_STATUS(status, ESPPROV_DONE);
        EXPECT_STATUS(espprov_get_wifi(device, &wifi), ESPPROV_OK);
        EXPECT(wifi.state == ESPPROV_STATE_LIKELY_CONNECTED);
    } else {
        EXPECT_STATUS(status, ESPPROV_FAILED);
        EXPECT_STATUS(espprov_get_error(device, &error), ESPPROV_OK);
        EXPECT(error.error_class == ESPPROV_CLASS_UNCONFIRMED && strcmp(error.code, "unconfirmed") == 0);
        EXPECT_STATUS(espprov_get_wifi(device, &wifi), ESPPROV_OK);
        EXPECT(wifi.state == ESPPROV_STATE_UNCONFIRMED);
    }
    espprov_free(device);
    http_close(&http);
}

/* Two handles at once, a step of each in turn: neither knows of the other. */
static void side_by_side(uint16_t other_port) {
    struct http https[2] = {connect_to(port), connect_to(other_port)};
    EspprovDevice *devices[2] = {make(secret), make(secret)};
    int32_t ended[2] = {0, 0};
    for (int i = 0; i < 2; i++) {
        EXPECT_STATUS(espprov_provision_wifi(devices[i], "Home", 4, "correct-horse", ESPPROV_TEXT), ESPPROV_OK);
    }
    static char reply[16 * 1024];
    for (int i = 0; ended[0] == 0 || ended[1] == 0; i = 1 - i) {
        EspprovAction action = {.size = sizeof action};
        size_t len = 0;
        int fault;
        if (ended[i] != 0) {
            continue;
        }
        int32_t status = espprov_poll(devices[i], now_ms(), &action);
        switch (status) {
        case ESPPROV_EXCHANGE:
            fault = http_exchange(&https[i], devices[i], &action, reply, sizeof reply, &len);
            EXPECT(fault == 0);
            EXPECT_STATUS(espprov_reply(devices[i], reply, len), ESPPROV_OK);
            break;
        case ESPPROV_RECONNECT:
            EXPECT(http_open(&https[i], action.fresh_session, action.deadline_ms) == 0);
            EXPECT_STATUS(espprov_reconnected(devices[i]), ESPPROV_OK);
            break;
        case ESPPROV_WAIT:
        case ESPPROV_BUSY:
            break;
        default:
            ended[i] = status;
        }
    }
    EXPECT(ended[0] == ESPPROV_DONE && ended[1] == ESPPROV_DONE);
    for (int i = 0; i < 2; i++) {
        espprov_free(devices[i]);
        http_close(&https[i]);
    }
}

int main(int argc, char **argv) {
    EXPECT(argc >= 4);
    port = (uint16_t)atoi(argv[1]);
    secret = argv[3];
    if (strcmp(argv[2], "whole") == 0) {
        whole();
    } else if (strcmp(argv[2], "wrong-secret") == 0) {
        wrong_secret();
    } else if (strcmp(argv[2], "plaintext") == 0) {
        plaintext();
    } else if (strcmp(argv[2], "lost-link") == 0) {
        lost_link();
    } else if (strcmp(argv[2], "vanish") == 0) {
        vanish(2, true);
    } else if (strcmp(argv[2], "vanish-unsent") == 0) {
        vanish(4, false);
    } else if (strcmp(argv[2], "vanish-sent") == 0) {
        vanish(4, true);
    } else if (strcmp(argv[2], "side-by-side") == 0) {
        EXPECT(argc == 5);
        side_by_side((uint16_t)atoi(argv[4]));
    } else {
        EXPECT(!"a known scenario");
    }
    return 0;
}
