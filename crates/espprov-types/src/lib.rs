//! Domain vocabulary of ESP32 provisioning: SSIDs, access points, device info, Thread datasets (no_std)
