#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| espprov_fuzz::embedded_http_reply(data));
