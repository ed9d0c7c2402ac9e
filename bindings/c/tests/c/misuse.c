/* Every function, used as it must not be: a negative number, and the handle is as it was. */
#include "expect.h"

static char guarded[8192];

static EspprovDevice *fresh(void) {
    EspprovConfig config = {.size = sizeof config, .pop = "abcd1234", .pop_len = ESPPROV_TEXT};
    EspprovDevice *device = espprov_new(&config);
    EXPECT(device != NULL);
    return device;
}

/* No handle. */
static void null_handles(void) {
    EspprovAction action = {.size = sizeof action};
    EspprovError error = {.size = sizeof error};
    EspprovEvent event = {.size = sizeof event};
    EspprovInfo info = {.size = sizeof info};
    EspprovApp app = {.size = sizeof app};
    EspprovAccessPoint network = {.size = sizeof network};
    EspprovThreadNetwork thread_network = {.size = sizeof thread_network};
    EspprovWifi wifi = {.size = sizeof wifi};
    EspprovThread thread = {.size = sizeof thread};
    EspprovAnswer answer = {.size = sizeof answer};
    int32_t number = 0;
    espprov_free(NULL);
    EXPECT_STATUS(espprov_close(NULL), ESPPROV_ERROR_NULL);
    EXPECT_STATUS(espprov_cancel(NULL), ESPPROV_ERROR_NULL);
    EXPECT_STATUS(espprov_set_limits(NULL, 1, 1), ESPPROV_ERROR_NULL);
    EXPECT_STATUS(espprov_limit_total(NULL, 1), ESPPROV_ERROR_NULL);
    EXPECT_STATUS(espprov_info(NULL), ESPPROV_ERROR_NULL);
    EXPECT_STATUS(espprov_connect(NULL), ESPPROV_ERROR_NULL);
    EXPECT_STATUS(espprov_scan_wifi(NULL, 0), ESPPROV_ERROR_NULL);
    EXPECT_STATUS(espprov_scan_thread(NULL), ESPPROV_ERROR_NULL);
    EXPECT_STATUS(espprov_provision_wifi(NULL, "a", 1, NULL, 0), ESPPROV_ERROR_NULL);
    EXPECT_STATUS(espprov_provision_thread(NULL, "a", 1), ESPPROV_ERROR_NULL);
    EXPECT_STATUS(espprov_follow_wifi(NULL), ESPPROV_ERROR_NULL);
    EXPECT_STATUS(espprov_follow_thread(NULL), ESPPROV_ERROR_NULL);
    EXPECT_STATUS(espprov_wifi_status(NULL), ESPPROV_ERROR_NULL);
    EXPECT_STATUS(espprov_thread_status(NULL), ESPPROV_ERROR_NULL);
    EXPECT_STATUS(espprov_control(NULL, ESPPROV_CONTROL_RESET_WIFI), ESPPROV_ERROR_NULL);
    EXPECT_STATUS(espprov_send(NULL, "a", "a", 1, 0), ESPPROV_ERROR_NULL);
    EXPECT_STATUS(espprov_send_raw(NULL, "a", "a", 1), ESPPROV_ERROR_NULL);
    EXPECT_STATUS(espprov_poll(NULL, 0, &action), ESPPROV_ERROR_NULL);
    EXPECT_STATUS(espprov_sent(NULL), ESPPROV_ERROR_NULL);
    EXPECT_STATUS(espprov_reply(NULL, "a", 1), ESPPROV_ERROR_NULL);
    EXPECT_STATUS(espprov_reconnected(NULL), ESPPROV_ERROR_NULL);
    EXPECT_STATUS(espprov_fault(NULL, ESPPROV_FAULT_LOST), ESPPROV_ERROR_NULL);
    EXPECT_STATUS(espprov_get_error(NULL, &error), ESPPROV_ERROR_NULL);
    EXPECT_STATUS(espprov_get_event(NULL, &event), ESPPROV_ERROR_NULL);
    EXPECT_STATUS(espprov_get_info(NULL, &info), ESPPROV_ERROR_NULL);
    EXPECT_STATUS(espprov_get_app(NULL, 0, &app), ESPPROV_ERROR_NULL);
    EXPECT_STATUS(espprov_get_security(NULL, &number), ESPPROV_ERROR_NULL);
    EXPECT(espprov_count(NULL) == 0);
    EXPECT_STATUS(espprov_get_access_point(NULL, 0, &network), ESPPROV_ERROR_NULL);
    EXPECT_STATUS(espprov_get_thread_network(NULL, 0, &thread_network), ESPPROV_ERROR_NULL);
    EXPECT_STATUS(espprov_get_wifi(NULL, &wifi), ESPPROV_ERROR_NULL);
    EXPECT_STATUS(espprov_get_thread(NULL, &thread), ESPPROV_ERROR_NULL);
    EXPECT_STATUS(espprov_get_answer(NULL, 0, &answer), ESPPROV_ERROR_NULL);
}

static const char *why_not(const EspprovConfig *config) {
    static EspprovError error;
    error.size = sizeof error;
    EXPECT(espprov_new(config) == NULL);
    EXPECT_STATUS(espprov_last_error(&error), ESPPROV_OK);
    EXPECT(error.message[0] != '\0' && error.help[0] != '\0' && error.error_class == ESPPROV_CLASS_USAGE);
    return error.code;
}

/* Configurations that make no handle. */
static void configurations(void) {
    EspprovError error = {.size = sizeof error};
    EXPECT_STATUS(espprov_last_error(&error), ESPPROV_ERROR_NO_RESULT);
    EXPECT(strcmp(why_not(NULL), "invalid_config") == 0);
    EXPECT_STATUS(espprov_last_error(NULL), ESPPROV_ERROR_NULL);
    EspprovConfig config = {0};
    EXPECT(strcmp(why_not(&config), "invalid_config") == 0);
    config.size = sizeof config - 1;
    EXPECT(strcmp(why_not(&config), "invalid_config") == 0);
    config.size = SIZE_MAX;
    EXPECT(strcmp(why_not(&config), "invalid_config") == 0);

    const EspprovConfig good = {.size = sizeof config};
    config = good;
    config.pop = "abcd1234"; /* and its length forgotten */
    EXPECT(strcmp(why_not(&config), "invalid_config") == 0);
    config = good;
    config.password_len = 4; /* of nothing */
    EXPECT(strcmp(why_not(&config), "invalid_config") == 0);
    config = good;
    config.username = guarded;
    config.username_len = 129;
    EXPECT(strcmp(why_not(&config), "too_long") == 0);
    config.username_len = (size_t)-2; /* more than there can be */
    EXPECT(strcmp(why_not(&config), "invalid_config") == 0);
    config = good;
    config.link = 17;
    EXPECT(strcmp(why_not(&config), "invalid_config") == 0);
    config = good;
    config.security = 2; /* the number of the scheme, not of the list */
    EXPECT(strcmp(why_not(&config), "invalid_config") == 0);
    config = good;
    config.buffer_len = 511;
    EXPECT(strcmp(why_not(&config), "invalid_config") == 0);
    config.buffer_len = SIZE_MAX;
    EXPECT(strcmp(why_not(&config), "invalid_config") == 0);
    config = good;
    config.setup_code = "MT:Y.K9042C00KA0648G00";
    config.setup_code_len = ESPPROV_TEXT;
    EXPECT(strcmp(why_not(&config), "invalid_payload") == 0);
    config.setup_code = "\xff";
    EXPECT(strcmp(why_not(&config), "invalid_payload") == 0);

    EspprovDevice *device = espprov_new(&good);
    EXPECT(device != NULL);
    espprov_free(device);
}

static void setup_codes(void) {
    const char *code = "{\"ver\":\"v1\",\"name\":\"PROV_1\",\"pop\":\"abcd1234\",\"transport\":\"ble\",\"security\":\"2\"}";
    EspprovSetupCode setup = {.size = sizeof setup};
    EXPECT_STATUS(espprov_parse_setup_code(code, ESPPROV_TEXT, &setup), ESPPROV_OK);
    EXPECT(strcmp(setup.name, "PROV_1") == 0 && setup.transport == ESPPROV_TRANSPORT_BLE);
    EXPECT(setup.security == 2 && setup.has_pop && !setup.thread);
    EXPECT_STATUS(espprov_parse_setup_code(NULL, 0, &setup), ESPPROV_ERROR_NULL);
    EXPECT_STATUS(espprov_parse_setup_code(code, strlen(code), NULL), ESPPROV_ERROR_NULL);
    EXPECT_STATUS(espprov_parse_setup_code("hello", 5, &setup), ESPPROV_ERROR_ARGUMENT);
    EspprovError error = {.size = sizeof error};
    EXPECT_STATUS(espprov_last_error(&error), ESPPROV_OK);
    EXPECT(strcmp(error.code, "invalid_payload") == 0);
}

/* Arguments that cannot be meant. */
static void arguments(void) {
    EspprovDevice *device = fresh();
    EXPECT_STATUS(espprov_provision_wifi(device, NULL, 0, NULL, 0), ESPPROV_ERROR_ARGUMENT);
    EXPECT_CODE(device, "invalid_ssid");
    EXPECT_STATUS(espprov_provision_wifi(device, guarded, 33, NULL, 0), ESPPROV_ERROR_ARGUMENT);
    EXPECT_CODE(device, "invalid_ssid");
    EXPECT_STATUS(espprov_provision_wifi(device, "Home", 4, "short", 5), ESPPROV_ERROR_ARGUMENT);
    EXPECT_CODE(device, "invalid_passphrase");
    EXPECT_STATUS(espprov_provision_wifi(device, "Home", 4, NULL, 5), ESPPROV_ERROR_NULL);
    EXPECT_STATUS(espprov_provision_wifi(device, NULL, ESPPROV_TEXT, NULL, 0), ESPPROV_ERROR_NULL);
    EXPECT_STATUS(espprov_provision_wifi(device, "Home", (size_t)-2, NULL, 0), ESPPROV_ERROR_ARGUMENT);
    EXPECT_STATUS(espprov_provision_thread(device, NULL, 0), ESPPROV_ERROR_ARGUMENT);
    EXPECT_CODE(device, "invalid_dataset");
    EXPECT_STATUS(espprov_provision_thread(device, "\x05\x10", 2), ESPPROV_ERROR_ARGUMENT);
    EXPECT_CODE(device, "invalid_dataset");
    EXPECT_STATUS(espprov_provision_thread(device, guarded, sizeof guarded), ESPPROV_ERROR_ARGUMENT);
    EXPECT_STATUS(espprov_scan_wifi(device, 2), ESPPROV_ERROR_ARGUMENT);
    EXPECT_STATUS(espprov_control(device, 0), ESPPROV_ERROR_ARGUMENT);
    EXPECT_STATUS(espprov_control(device, 5), ESPPROV_ERROR_ARGUMENT);
    EXPECT_STATUS(espprov_send(device, "no spaces", "x", 1, 0), ESPPROV_ERROR_ARGUMENT);
    EXPECT_CODE(device, "invalid_endpoint");
    EXPECT_STATUS(espprov_send(device, "", "x", 1, 0), ESPPROV_ERROR_ARGUMENT);
    EXPECT_STATUS(espprov_send(device, "\xff", "x", 1, 0), ESPPROV_ERROR_ARGUMENT);
    EXPECT_STATUS(espprov_send(device, NULL, "x", 1, 0), ESPPROV_ERROR_NULL);
    EXPECT_STATUS(espprov_send(device, "custom-data", "x", 0, 0), ESPPROV_ERROR_ARGUMENT);
    EXPECT_CODE(device, "empty_request");
    EXPECT_STATUS(espprov_send_raw(device, "custom-data", NULL, 0), ESPPROV_ERROR_ARGUMENT);
    EXPECT_CODE(device, "empty_request");
    EXPECT_STATUS(espprov_send_raw(device, "a/../b", "x", 1), ESPPROV_ERROR_ARGUMENT);
    /* None of it has begun. */
    EspprovAction action = {.size = sizeof action};
    EXPECT_STATUS(espprov_poll(device, 0, &action), ESPPROV_ERROR_ORDER);
    espprov_free(device);
}

/* At the wrong time. */
static void order(void) {
    EspprovDevice *device = fresh();
    EspprovAction action = {.size = sizeof action};
    EXPECT_STATUS(espprov_poll(device, 0, &action), ESPPROV_ERROR_ORDER);
    EXPECT_STATUS(espprov_reply(device, "x", 1), ESPPROV_ERROR_ORDER);
    EXPECT_STATUS(espprov_sent(device), ESPPROV_ERROR_ORDER);
    EXPECT_STATUS(espprov_reconnected(device), ESPPROV_ERROR_ORDER);
    EXPECT_STATUS(espprov_fault(device, ESPPROV_FAULT_LOST), ESPPROV_ERROR_ORDER);

    EXPECT_STATUS(espprov_info(device), ESPPROV_OK);
    EXPECT_STATUS(espprov_info(device), ESPPROV_ERROR_ORDER);
    EXPECT_STATUS(espprov_provision_wifi(device, "Home", 4, NULL, 0), ESPPROV_ERROR_ORDER);
    EXPECT_STATUS(espprov_send(device, "a", "x", 1, 0), ESPPROV_ERROR_ORDER);
    EXPECT_STATUS(espprov_reply(device, "x", 1), ESPPROV_ERROR_ORDER); /* nobody has asked */

    /* Structs whose size was forgotten: nothing is lost by it. */
    EspprovAction without_size = {0};
    EXPECT_STATUS(espprov_poll(device, 0, &without_size), ESPPROV_ERROR_SIZE);
    EXPECT_STATUS(espprov_poll(device, 0, NULL), ESPPROV_ERROR_NULL);
    EXPECT_STATUS(espprov_poll(device, 0, (EspprovAction *)(void *)(guarded + 1)), ESPPROV_ERROR_ARGUMENT);

    EXPECT_STATUS(espprov_poll(device, 100, &action), ESPPROV_EXCHANGE);
    EXPECT(strcmp(action.endpoint, "proto-ver") == 0 && action.request_len > 0);
    EXPECT(action.deadline_ms == 100 + 10000);
    EXPECT_STATUS(espprov_reconnected(device), ESPPROV_ERROR_ORDER);
    EXPECT_STATUS(espprov_fault(device, 0), ESPPROV_ERROR_ARGUMENT);
    EXPECT_STATUS(espprov_fault(device, 13), ESPPROV_ERROR_ARGUMENT);
    EXPECT_STATUS(espprov_reply(device, NULL, 1), ESPPROV_ERROR_NULL);
    /* The same again, while there is time. */
    const void *request = action.request;
    EXPECT_STATUS(espprov_poll(device, 10099, &action), ESPPROV_EXCHANGE);
    EXPECT(action.request == request && action.deadline_ms == 10100);
    EXPECT_STATUS(espprov_sent(device), ESPPROV_OK);
    EXPECT_STATUS(espprov_poll(device, 10100, &action), ESPPROV_FAILED);
    EXPECT_CODE(device, "deadline");
    /* Over is over. */
    EXPECT_STATUS(espprov_poll(device, 10101, &action), ESPPROV_ERROR_ORDER);
    EXPECT_STATUS(espprov_reply(device, "x", 1), ESPPROV_ERROR_ORDER);
    EXPECT_CODE(device, "deadline");

    /* The link is in doubt now, and its timing out before the deadline is another thing than the deadline. */
    EXPECT_STATUS(espprov_info(device), ESPPROV_OK);
    EXPECT_STATUS(espprov_poll(device, 10200, &action), ESPPROV_RECONNECT);
    EXPECT_STATUS(espprov_reply(device, "x", 1), ESPPROV_ERROR_ORDER);
    EXPECT_STATUS(espprov_fault(device, ESPPROV_FAULT_TIMED_OUT), ESPPROV_OK);
    EXPECT_STATUS(espprov_poll(device, 10201, &action), ESPPROV_FAILED);
    EXPECT_CODE(device, "no_answer");

    /* A reply that is no answer, none at all, and one beyond every buffer. */
    static const struct {
        const char *reply;
        size_t len;
        const char *code;
    } replies[] = {
        {"\xff\xfe", 2, "not_a_device"},
        {NULL, 0, "not_a_device"},
        {guarded, 8192, "reply_too_large"},
    };
    EspprovConfig small = {.size = sizeof small, .buffer_len = 512};
    EspprovDevice *other = espprov_new(&small);
    for (size_t i = 0; i < 3; i++) {
        EXPECT_STATUS(espprov_info(other), ESPPROV_OK);
        int32_t status = espprov_poll(other, 0, &action);
        if (status == ESPPROV_RECONNECT) {
            EXPECT_STATUS(espprov_reconnected(other), ESPPROV_OK);
            EXPECT_STATUS(espprov_reconnected(other), ESPPROV_ERROR_ORDER);
            status = espprov_poll(other, 0, &action);
        }
        EXPECT_STATUS(status, ESPPROV_EXCHANGE);
        EXPECT_STATUS(espprov_reply(other, replies[i].reply, replies[i].len), ESPPROV_OK);
        EXPECT_STATUS(espprov_reply(other, replies[i].reply, replies[i].len), ESPPROV_ERROR_ORDER);
        EXPECT_STATUS(espprov_poll(other, 0, &action), ESPPROV_FAILED);
        EXPECT_CODE(other, replies[i].code);
    }
    espprov_free(other);
    espprov_free(device);
}

/* Results that are not there. */
static void results(void) {
    EspprovDevice *device = fresh();
    EspprovError error = {.size = sizeof error};
    EspprovEvent event = {.size = sizeof event};
    EspprovInfo info = {.size = sizeof info};
    EspprovApp app = {.size = sizeof app};
    EspprovAccessPoint network = {.size = sizeof network};
    EspprovThreadNetwork thread_network = {.size = sizeof thread_network};
    EspprovWifi wifi = {.size = sizeof wifi};
    EspprovThread thread = {.size = sizeof thread};
    EspprovAnswer answer = {.size = sizeof answer};
    int32_t number = 0;
    EXPECT_STATUS(espprov_get_error(device, &error), ESPPROV_ERROR_NO_RESULT);
    EXPECT_STATUS(espprov_get_event(device, &event), ESPPROV_ERROR_INDEX);
    EXPECT_STATUS(espprov_get_info(device, &info), ESPPROV_ERROR_NO_RESULT);
    EXPECT_STATUS(espprov_get_app(device, 0, &app), ESPPROV_ERROR_NO_RESULT);
    EXPECT_STATUS(espprov_get_security(device, &number), ESPPROV_ERROR_NO_RESULT);
    EXPECT_STATUS(espprov_get_security(device, NULL), ESPPROV_ERROR_NULL);
    EXPECT(espprov_count(device) == 0);
    EXPECT_STATUS(espprov_get_access_point(device, 0, &network), ESPPROV_ERROR_NO_RESULT);
    EXPECT_STATUS(espprov_get_thread_network(device, 0, &thread_network), ESPPROV_ERROR_NO_RESULT);
    EXPECT_STATUS(espprov_get_wifi(device, &wifi), ESPPROV_ERROR_NO_RESULT);
    EXPECT_STATUS(espprov_get_thread(device, &thread), ESPPROV_ERROR_NO_RESULT);
    EXPECT_STATUS(espprov_get_answer(device, 0, &answer), ESPPROV_ERROR_NO_RESULT);
    EXPECT_STATUS(espprov_get_event(device, NULL), ESPPROV_ERROR_NULL);

    /* A device that tells its version, and what it is asked for by name. */
    static const char version[] = "{\"prov\":{\"ver\":\"v1.1\",\"sec_ver\":1,\"cap\":[\"wifi_scan\"]},\"app\":{\"ver\":\"2.0\"}}";
    EspprovAction action = {.size = sizeof action};
    EXPECT_STATUS(espprov_info(device), ESPPROV_OK);
    EXPECT_STATUS(espprov_poll(device, 0, &action), ESPPROV_EXCHANGE);
    EXPECT_STATUS(espprov_reply(device, version, strlen(version)), ESPPROV_OK);
    EXPECT_STATUS(espprov_poll(device, 0, &action), ESPPROV_DONE);
    info.size = 0;
    EXPECT_STATUS(espprov_get_info(device, &info), ESPPROV_ERROR_SIZE);
    EXPECT_STATUS(espprov_get_info(device, NULL), ESPPROV_ERROR_NULL);
    info.size = sizeof info;
    EXPECT_STATUS(espprov_get_info(device, &info), ESPPROV_OK);
    EXPECT(strcmp(info.version, "v1.1") == 0 && info.security == 1 && info.app_count == 1 && !info.bare);
    EXPECT_STATUS(espprov_get_app(device, 0, &app), ESPPROV_OK);
    EXPECT(strcmp(app.label, "app") == 0 && strcmp(app.version, "2.0") == 0);
    EXPECT_STATUS(espprov_get_app(device, 1, &app), ESPPROV_ERROR_INDEX);
    EXPECT_STATUS(espprov_get_app(device, SIZE_MAX, &app), ESPPROV_ERROR_INDEX);
    EXPECT_STATUS(espprov_get_event(device, &event), ESPPROV_OK);
    EXPECT(event.kind == ESPPROV_EVENT_KIND_INFO);
    EXPECT_STATUS(espprov_get_wifi(device, &wifi), ESPPROV_ERROR_NO_RESULT);

    /* It takes no Thread network, and is sent none. */
    EXPECT_STATUS(espprov_provision_thread(device, "\x00\x03\x00\x00\x0f", 5), ESPPROV_OK);
    EXPECT_STATUS(espprov_poll(device, 0, &action), ESPPROV_FAILED);
    EXPECT_CODE(device, "no_thread");
    espprov_free(device);
}

/* Entropy that runs out is an error, not a weak key. */
static void entropy(void) {
    EspprovConfig config = {.size = sizeof config, .pop = "abcd1234", .pop_len = 8, .danger_test_entropy = "short",
                            .danger_test_entropy_len = 5};
    EspprovDevice *device = espprov_new(&config);
    static const char version[] = "{\"prov\":{\"ver\":\"v1.1\",\"sec_ver\":1,\"cap\":[]}}";
    EspprovAction action = {.size = sizeof action};
    EXPECT_STATUS(espprov_connect(device), ESPPROV_OK);
    EXPECT_STATUS(espprov_poll(device, 0, &action), ESPPROV_EXCHANGE);
    EXPECT_STATUS(espprov_reply(device, version, strlen(version)), ESPPROV_OK);
    EXPECT_STATUS(espprov_poll(device, 0, &action), ESPPROV_FAILED);
    EXPECT_CODE(device, "entropy");
    espprov_free(device);
}

int main(void) {
    EXPECT(espprov_abi_version() == ESPPROV_ABI_VERSION);
    EXPECT(strlen(espprov_version()) >= 5);
    for (int32_t status = -20; status < 20; status++) {
        EXPECT(espprov_status_text(status) != NULL && strlen(espprov_status_text(status)) >= 2);
    }
    null_handles();
    configurations();
    setup_codes();
    arguments();
    order();
    results();
    entropy();
    return 0;
}
