//! Fifty devices without any delays are provisioned through the front door: what that takes, to compare with the same loop in Python
//! (`bindings/python/benches/loop.py`). Prints the processor time of fifty in seconds.

use core::time::Duration;
use espprov_benches::time::process_time;

fn main() {
    let mut times: Vec<Duration> = (0..50).map(|_| provision()).collect();
    times.sort();
    // A tenth of them is quicker: what else the machine does slows the others.
    println!("{:.4}", 50.0 * times[5].as_secs_f64());
}

fn provision() -> Duration {
    let before = process_time();
    let mut device = espprov::blocking::open(espprov::connect("sim:zero")).expect("it opens");
    let joined = device.provision("Home", "correct-horse").expect("it joins");
    assert!(joined.is_confirmed());
    device.close();
    process_time() - before
}
