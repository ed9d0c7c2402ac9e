use super::*;
use crate::manifest::{Manifest, Syntax};
use getrandom::SysRng;

fn series(security: u8) -> Series {
    Series::new("PROV_", security, SetupTransport::Ble).unwrap()
}

#[test]
fn every_device_has_a_name_and_secrets_of_its_own_that_fit_together() {
    for security in [1, 2] {
        let (series, mut taken) = (series(security), HashSet::new());
        let devices: Vec<_> = (0..8)
            .map(|_| series.make(&mut taken, &mut SysRng).unwrap())
            .collect();
        assert_eq!(taken.len(), 8);
        let secrets: HashSet<_> = devices.iter().map(|device| device.secret().to_owned()).collect();
        assert_eq!(secrets.len(), 8);
        for device in &devices {
            let payload = SetupPayload::parse(&device.payload()).unwrap();
            assert_eq!(&*payload.name, device.name());
            assert_eq!(payload.pop.unwrap().expose(), device.secret().as_bytes());
            assert_eq!(payload.security, Some(security));
            let nvs = device.nvs();
            if security == 1 {
                assert!(nvs.ends_with(&format!("pop,data,string,{}\n", device.secret())));
                continue;
            }
            assert_eq!(&*payload.username.unwrap(), "wifiprov");
            assert!(
                !nvs.contains(device.secret()),
                "the password is on the label only"
            );
            // The verifier in the file is that of the password on the label.
            let value = |key: &str| {
                let line = nvs.lines().find(|line| line.starts_with(key)).unwrap();
                let hex = line.rsplit(',').next().unwrap();
                (0..hex.len() / 2)
                    .map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap())
                    .collect::<Vec<_>>()
            };
            let again =
                Verifier::generate(b"wifiprov", device.secret().as_bytes(), &value("sec2_salt")).unwrap();
            assert_eq!(again.verifier(), value("sec2_verifier"));
        }
    }
}

#[test]
fn the_manifest_is_one_that_a_batch_takes() {
    for (security, transport) in [
        (1, SetupTransport::Ble),
        (2, SetupTransport::Ble),
        (1, SetupTransport::SoftAp),
    ] {
        let series = Series::new("P-", security, transport).unwrap();
        let mut taken = HashSet::new();
        let devices: Vec<_> = (0..3)
            .map(|_| series.make(&mut taken, &mut SysRng).unwrap())
            .collect();
        let mut file = manifest_header(&series).to_owned();
        devices
            .iter()
            .for_each(|device| file.push_str(&device.manifest_row()));
        let manifest = Manifest::parse(file.as_bytes(), Syntax::Csv).unwrap();
        assert_eq!(manifest.rows.len(), 3);
        for (row, device) in manifest.rows.iter().zip(&devices) {
            assert_eq!(row.key(), device.name());
            let secret = if security == 1 { &row.pop } else { &row.password };
            assert_eq!(secret.as_ref().unwrap().as_str(), device.secret());
        }
    }
}

#[test]
fn a_sheet_has_a_label_for_each_and_nothing_from_elsewhere() {
    let (series, mut taken) = (series(2), HashSet::new());
    let devices: Vec<_> = (0..3)
        .map(|_| series.make(&mut taken, &mut SysRng).unwrap())
        .collect();
    let html = sheet("A <b>", &devices, Paper::A4).unwrap();
    assert_eq!(html.matches("<svg ").count(), 3);
    assert!(html.contains("<title>A &lt;b&gt;</title>"));
    for device in &devices {
        assert!(html.contains(&format!("<b>{}</b>", device.name())));
        assert!(html.replace("</span><span>", "").contains(device.secret()));
    }
    let links = html.replace("http://www.w3.org/2000/svg", "");
    assert!(!links.contains("http") && !links.contains("src="));
}

#[test]
fn series_that_cannot_be() {
    let of = |prefix: &str, security| Series::new(prefix, security, SetupTransport::Ble);
    assert_eq!(of("", 1), Err(SeriesError::Prefix));
    assert_eq!(of("PROV ", 1), Err(SeriesError::Prefix));
    assert_eq!(of(&"P".repeat(24), 1), Err(SeriesError::Prefix));
    assert!(of(&"P".repeat(23), 1).is_ok());
    assert_eq!(of("P", 0), Err(SeriesError::Security));
}

#[test]
fn letters_are_evenly_spread() {
    let text = letters(64_000, &mut SysRng).unwrap();
    for letter in ALPHABET {
        let count = text.bytes().filter(|byte| byte == letter).count();
        // Eleven standard deviations from the 2000 that are expected.
        assert!((1500..2500).contains(&count), "{}: {count}", char::from(*letter));
    }
}
