// As in the guide: a handle in a unique_ptr, secrets in strings.
#include <memory>
#include <string>

#include "espprov.h"

struct Free {
    void operator()(EspprovDevice *device) const { espprov_free(device); }
};
using Device = std::unique_ptr<EspprovDevice, Free>;

int main() {
    const std::string pop = "abcd1234", version = "{\"prov\":{\"ver\":\"v1.1\",\"sec_ver\":2,\"cap\":[]}}";
    EspprovConfig config{};
    config.size = sizeof config;
    config.pop = pop.data();
    config.pop_len = pop.size();
    Device device{espprov_new(&config)};
    EspprovAction action{};
    action.size = sizeof action;
    if (espprov_info(device.get()) != ESPPROV_OK || espprov_poll(device.get(), 0, &action) != ESPPROV_EXCHANGE ||
        std::string(action.endpoint) != "proto-ver") {
        return 1;
    }
    if (espprov_reply(device.get(), version.data(), version.size()) != ESPPROV_OK ||
        espprov_poll(device.get(), 1, &action) != ESPPROV_DONE) {
        return 2;
    }
    EspprovInfo info{};
    info.size = sizeof info;
    return espprov_get_info(device.get(), &info) == ESPPROV_OK && info.security == 2 ? 0 : 3;
}
