use super::*;
use proptest::prelude::*;

fn csv(text: impl AsRef<[u8]>) -> Result<Manifest, Vec<String>> {
    parse(text.as_ref(), Syntax::Csv)
}

fn parse(bytes: &[u8], syntax: Syntax) -> Result<Manifest, Vec<String>> {
    Manifest::parse(bytes, syntax).map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect())
}

/// Key, SSID and passphrase of each device.
fn short(manifest: &Manifest) -> Vec<(String, String, String)> {
    let text = |value: Option<&str>| value.unwrap_or("-").to_owned();
    manifest
        .rows
        .iter()
        .map(|row| {
            let passphrase = row.passphrase.as_ref().map(|text| text.as_str());
            (row.key().to_owned(), text(row.ssid.as_deref()), text(passphrase))
        })
        .collect()
}

#[test]
fn every_dialect_of_spreadsheets_says_the_same() {
    let plain =
        "name,target,ssid,passphrase\nA,ble:PROV_A,Hall,correct-horse\nB,ble:PROV_B,Hall,correct-horse\n";
    let expected = short(&csv(plain).unwrap());
    assert_eq!(expected[0], ("A".into(), "Hall".into(), "correct-horse".into()));
    let toml = "[[device]]\nname = \"A\"\ntarget = \"ble:PROV_A\"\nssid = \"Hall\"\npassphrase = 'correct-horse'\n\
                [[device]]\nname = \"B\"\ntarget = \"ble:PROV_B\"\nssid = \"Hall\"\npassphrase = 'correct-horse'\n";
    assert_eq!(short(&parse(toml.as_bytes(), Syntax::Toml).unwrap()), expected);
    let dialects = [
        ("no break at the end", plain.trim_end().to_owned()),
        ("CRLF", plain.replace('\n', "\r\n")),
        ("CR", plain.replace('\n', "\r")),
        ("byte order mark", format!("\u{feff}{plain}")),
        ("semicolons", plain.replace(',', ";")),
        ("tabs", plain.replace(',', "\t")),
        ("announced", format!("sep=;\r\n{}", plain.replace(',', ";"))),
        (
            "all in quotation marks",
            plain
                .split('\n')
                .filter(|line| !line.is_empty())
                .map(|line| format!("\"{}\"\n", line.replace(',', "\",\"")))
                .collect(),
        ),
        (
            "names in capitals, with blanks",
            plain.replace("name,target", "Name , TARGET"),
        ),
        (
            "empty rows and columns",
            plain
                .replace("passphrase\n", "passphrase,,\n")
                .replace("horse\n", "horse,,\n")
                + ",,,,,\n\n",
        ),
        (
            "excel",
            format!("\u{feff}{}", plain.replace(',', ";").replace('\n', "\r\n")),
        ),
    ];
    for (what, text) in dialects {
        match csv(&text) {
            Ok(manifest) => assert_eq!(short(&manifest), expected, "{what}"),
            Err(mistakes) => panic!("{what}: {mistakes:?}"),
        }
    }
}

#[test]
fn fields_hold_what_is_in_them() {
    let manifest = csv("target,ssid,passphrase\nsim,\"a, \"\"b\"\"\",\"line\r\nbreak;\"\n").unwrap();
    assert_eq!(
        short(&manifest),
        [("sim".into(), "a, \"b\"".into(), "line\nbreak;".into())]
    );
    // Blanks belong to a passphrase, and not to a target.
    let manifest = csv("target,passphrase\n sim , correct horse \n").unwrap();
    assert_eq!(
        short(&manifest),
        [("sim".into(), "-".into(), " correct horse ".into())]
    );
    let manifest = csv("payload\n\"{\"\"ver\"\":\"\"v1\"\",\"\"name\"\":\"\"PROV_7\"\",\"\"pop\"\":\"\"x\"\",\"\"transport\"\":\"\"ble\"\"}\"\n").unwrap();
    assert_eq!(
        (manifest.rows[0].key(), manifest.rows[0].shown()),
        ("PROV_7", "PROV_7")
    );
}

#[test]
fn mistakes_are_named_by_line_and_column_and_all_at_once() {
    let long = "x".repeat(33);
    for (what, text, expected) in [
        (
            "nothing",
            String::new(),
            "line 1, column 1: there is no device in it",
        ),
        (
            "a header alone",
            "target\n".into(),
            "line 1, column 1: there is no device in it",
        ),
        (
            "no header",
            "ble:PROV_A,Hall\n".into(),
            "line 1, column 1: the first line does not name the columns",
        ),
        (
            "an unknown column",
            "target,colour\nsim,red\n".into(),
            "line 1, column 8: there is no column colour",
        ),
        (
            "a column twice",
            "target,ssid,Target\nsim,a,b\n".into(),
            "line 1, column 13: the column target is there twice",
        ),
        (
            "no device",
            "name,target\nA,\n".into(),
            "line 2, column 1: neither target nor payload",
        ),
        (
            "two devices",
            "target,payload\nsim,NP:PROV_1|x|b\n".into(),
            "line 2, column 5: target and payload both",
        ),
        (
            "a key twice",
            "name,target\nA,sim\nA,softap\n".into(),
            "line 3, column 1: the device is there twice; first in line 2",
        ),
        (
            "too many fields",
            "target,ssid\nsim,a,b\n".into(),
            "line 2, column 7: the row has 3 fields, and the header 2",
        ),
        (
            "too few",
            "target,ssid,pop\nsim,a\n".into(),
            "line 2, column 1: the row has 2 fields, and the header 3",
        ),
        (
            "an open quotation mark",
            "target,ssid\nsim,\"a\nsoftap,b\n".into(),
            "line 2, column 5: the quotation mark here is not closed",
        ),
        (
            "something behind one",
            "target,ssid\nsim,\"a\"b\n".into(),
            "line 2, column 8: something stands behind",
        ),
        (
            "a scheme",
            "target,security\nsim,3\n".into(),
            "line 2, column 5: security is 0, 1, 2 or auto",
        ),
        (
            "a long name",
            format!("target,ssid\nsim,{long}\n"),
            "line 2, column 5: a network's name",
        ),
        (
            "a short passphrase",
            "target,passphrase\nsim,short\n".into(),
            "line 2, column 5: a passphrase has",
        ),
        (
            "two networks",
            "target,ssid,dataset\nsim,a,0e08000000000001000000030000\n".into(),
            "line 2, column 7: ",
        ),
        (
            "no dataset",
            "target,dataset\nsim,xyz\n".into(),
            "line 2, column 5: dataset: ",
        ),
        (
            "no payload",
            "payload\nhello\n".into(),
            "line 2, column 1: payload: ",
        ),
        (
            "another system's",
            "payload\nMT:Y.K9042C00KA0648G00\n".into(),
            "line 2, column 1: payload: ",
        ),
    ] {
        match csv(&text) {
            Err(mistakes) => assert!(
                mistakes.iter().any(|mistake| mistake.starts_with(expected)),
                "{what}: {mistakes:?}"
            ),
            Ok(_) => panic!("{what}: taken"),
        }
    }
    let many = csv("target,security\nsim,3\nsoftap,4\nsoftap,1\nsoftap,2\n")
        .err()
        .unwrap();
    assert_eq!(many.len(), 3, "{many:?}");
    let latin = Manifest::parse(b"target,ssid\nsim,caf\xe9\n", Syntax::Csv)
        .err()
        .unwrap();
    assert_eq!(latin[0].at, At { line: 2, column: 8 });
    assert!(csv(b"\xff\xfet\0").err().unwrap()[0].contains("UTF-16"));
}

#[test]
fn no_mistake_repeats_a_secret() {
    for text in [
        "target,passphrase\nsim,s3cr3t\n",
        "payload\nno s3cr3t payload\n",
        "target,dataset\nsim,s3cr3t\n",
        "target,passphrase\nsim,\"s3cr3t\n",
        "target,passphrase\nsim,s3cr3t-long,s3cr3t-more\n",
        "name,target,pop\nA,sim,s3cr3t\nA,sim,s3cr3t\n",
    ] {
        let mistakes = csv(text).err().unwrap();
        assert!(!mistakes.join("\n").contains("s3cr3t"), "{mistakes:?}");
    }
    let toml = "[[device]]\ntarget = \"sim\"\npassphrase = [\"s3cr3t\"]\n";
    let mistakes = parse(toml.as_bytes(), Syntax::Toml).err().unwrap();
    assert!(!mistakes.join("\n").contains("s3cr3t"), "{mistakes:?}");
}

#[test]
fn mistakes_in_toml_have_places_too() {
    for (text, expected) in [
        ("[[device]]\ntarget = sim\n", "line 2, column 10: "),
        (
            "[[device]]\ntarget = \"sim\"\ncolour = \"red\"\n",
            "line 3, column 1: there is no key colour",
        ),
        (
            "[[device]]\ntarget = \"sim\"\npop = 1234\n",
            "line 3, column 7: pop is text",
        ),
        (
            "[[device]]\ntarget = \"sim\"\nsecurity = 7\n",
            "line 3, column 12: security is",
        ),
        ("[device]\ntarget = \"sim\"\n", "line 1, column 1: "),
        ("[[devices]]\ntarget = \"sim\"\n", "line 1, column 3: "),
    ] {
        let mistakes = parse(text.as_bytes(), Syntax::Toml).err().unwrap();
        assert!(mistakes[0].starts_with(expected), "{text}: {mistakes:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Nothing in a file panics, and what is taken has devices with keys of their own.
    #[test]
    fn any_file(bytes in proptest::collection::vec(any::<u8>(), 0..200), toml in any::<bool>()) {
        let syntax = if toml { Syntax::Toml } else { Syntax::Csv };
        prop_assert!(Manifest::parse(&bytes, syntax).is_ok_and(|manifest| !manifest.rows.is_empty()) || Manifest::parse(&bytes, syntax).is_err());
    }

    /// A field comes back as it was written, whatever is in it.
    #[test]
    fn fields_make_the_round_trip(ssid in "[ -~]{1,32}", passphrase in "[ -~äß€\n]{8,20}", separator in "[,;\t]") {
        let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        let file = ["target", "ssid", "passphrase"].join(&separator) + "\n" + &["sim".to_owned(), quoted(&ssid), quoted(&passphrase)].join(&separator) + "\r\n";
        let manifest = csv(file).unwrap();
        prop_assert_eq!(manifest.rows[0].ssid.as_deref(), Some(&*ssid));
        prop_assert_eq!(manifest.rows[0].passphrase.as_ref().unwrap().as_str(), &*passphrase);
    }
}
