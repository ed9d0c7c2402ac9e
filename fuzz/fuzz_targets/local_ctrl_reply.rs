#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| espprov_fuzz::local_ctrl_reply(data));
