//! Fifty devices without any delays are provisioned: what the front door takes for that, to compare with the same loop in Python
//! (`loop.py`). Prints the processor time in seconds.

fn main() {
    let before = processor_time();
    for _ in 0..50 {
        let mut device = espprov::blocking::open(espprov::connect("sim:zero")).expect("it opens");
        let joined = device.provision("Home", "correct-horse").expect("it joins");
        assert!(joined.is_confirmed());
        device.close();
    }
    println!("{:.4}", processor_time() - before);
}

/// Of this process, as Linux counts it: in ticks of 10 ms, so much below what the loop takes.
fn processor_time() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    // After the name, which may hold anything, the 12th and 13th number.
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|field| field.parse().unwrap_or(0))
        .sum();
    f64::from(u32::try_from(ticks).expect("not that long")) / 100.0
}
