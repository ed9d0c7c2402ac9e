#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| espprov_fuzz::c_boundary(data));
