//! A simulated ESP32 that can be provisioned in memory, over HTTP or on a console
