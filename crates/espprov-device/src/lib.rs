//! The device half of ESP32 provisioning: endpoint dispatch and handlers (no_std)
