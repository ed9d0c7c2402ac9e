//! What requests cost on the heap: nothing, whatever is in them.

mod common;

use allocation_counter::measure;
use common::{NOW, NoEntropy, TestApp, plain};
use espprov_device::{Application, Device, NoSecurity, Outcome, Quirks, Refusal};

/// A request of 4 KB that consists of as many empty entries as fit, in the repeated field of these results.
fn full_of_empty_entries(field: u32) -> Vec<u8> {
    let entries = [0x0a, 0x00].repeat(2040);
    let mut request = vec![0x08, 0x05];
    for mut varint in [field << 3 | 2, entries.len() as u32] {
        while varint >= 0x80 {
            request.push(varint as u8 | 0x80);
            varint >>= 7;
        }
        request.push(varint as u8);
    }
    request.extend(entries);
    request
}

/// The most that was allocated at once, in bytes, and what became of the request.
fn peak(endpoint: &str, request: &[u8]) -> (u64, Outcome) {
    let mut device: Device<NoSecurity, TestApp> = plain(Quirks::default());
    let mut buf = vec![0; 8192];
    buf[..request.len()].copy_from_slice(request);
    let mut outcome = Outcome::Pending;
    let heap = measure(|| outcome = device.handle(endpoint, &mut buf, request.len(), NOW, &mut NoEntropy));
    (heap.bytes_max, outcome)
}

#[test]
fn thousands_of_empty_entries_cost_nothing() {
    for field in [15, 21] {
        let request = full_of_empty_entries(field);
        assert!(request.len() > 4080);
        let refused = Outcome::Refused(Refusal::UnknownMessage);
        assert_eq!(peak("prov-scan", &request), (0, refused));
        // Beside a command that is answered.
        let mut request = request;
        request[1] = 2;
        assert_eq!(peak("prov-scan", &request), (0, Outcome::Reply(8)));
    }
}

#[test]
fn nor_do_ordinary_requests() {
    for (endpoint, request) in [
        ("proto-ver", &b"---"[..]),
        ("prov-scan", &[0x52, 0x00]),
        ("prov-scan", &[0x08, 0x02]),
        ("prov-scan", &[0x08, 0x04, 0x72, 0x02, 0x10, 0x0b]),
        ("prov-config", &[0x52, 0x00]),
        ("prov-config", &[0x08, 0x04]),
        ("prov-config", &[0x08, 0x08, 0x92, 0x01, 0x00]),
        ("prov-ctrl", &[0x08, 0x01]),
    ] {
        let (heap, outcome) = peak(endpoint, request);
        assert!(matches!(outcome, Outcome::Reply(_)), "{endpoint} {request:x?}");
        // What the test's own application keeps.
        assert!(heap <= 300, "{endpoint} {request:x?}: {heap} bytes");
    }
    // And that the counter counts: an application's own endpoint gets a copy, as long as the request.
    let request = [1; 1000];
    assert_eq!(peak("custom-data", &request), (1000, Outcome::Reply(8)));
}

/// Without anything that the application itself keeps.
#[test]
fn the_device_itself_allocates_nothing() {
    struct Bare;
    impl Application for Bare {}
    let mut device = Device::new("v1.1", NoSecurity::default(), Bare, Quirks::default());
    for endpoint in ["prov-scan", "prov-config", "prov-ctrl"] {
        for msg in 0..16 {
            for field in 10..22 {
                let mut request = full_of_empty_entries(field);
                request[1] = msg;
                let len = request.len();
                let heap = measure(|| {
                    let _ = device.handle(endpoint, &mut request, len, NOW, &mut NoEntropy);
                });
                assert_eq!(heap.count_total, 0, "{endpoint} {msg} {field}");
            }
        }
    }
}
