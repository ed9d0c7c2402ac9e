//! Provision ESP32 devices: session, typed requests and the provisioning flow (no_std client half)
