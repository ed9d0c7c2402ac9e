//! Handshakes and record ciphers of protocomm security 0, 1 and 2, both roles, sans-IO (no_std)
