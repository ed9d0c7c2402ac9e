#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| espprov_fuzz::gatt_server(data));
