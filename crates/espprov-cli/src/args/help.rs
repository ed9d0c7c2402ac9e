//! Longer texts of the help. Paragraphs are single lines: the parser wraps them at the width of the terminal.

/// The forms of a target, for every command that takes one.
macro_rules! targets {
    () => {
        "\
TARGET is one of
  ble                          a device in reach of Bluetooth: the only one, or the one you choose
  ble:NAME, ble:PREFIX*        the same by its name, or the beginning of it
  ble:AA:BB:CC:DD:EE:FF        the same by address
  serial                       a device on a serial port: the only one, or the one you choose
  serial:PORT[?baud=N]         the same by port: /dev/ttyUSB0, COM3; further options: line-limit=N
  softap                       a device whose own Wi-Fi network this computer has joined
  http://HOST[:PORT]           a device reached over HTTP
  https://HOST[:PORT]          the same over TLS
  qr:FILE                      a device by a picture of its setup code, PNG or JPEG
  '{\"ver\":\"v1\",…}'             the text of a setup QR code, a link or a log with it, NP:name|pop|b
  sim, sim:zero, sim:FILE      a simulated device: works everywhere, needs nothing
Without it the environment variable ESPPROV_TARGET says which."
    };
}

/// A device command's help: targets, then examples.
macro_rules! with_examples {
    ($examples:literal) => {
        concat!(targets!(), "\n\nExamples:\n", $examples)
    };
}

pub(super) const MAIN: &str = concat!(
    targets!(),
    "

Secrets given as arguments can be seen in the process list. Give them by environment variable, or one of them as `-` on standard input.

Exit status: 0 success, 1 unexpected, 2 usage, 3 device not found or link failed, 4 wrong credentials, 5 refused by security policy, 6 the device refused a request, 7 network authentication failed, 8 network not found, 9 deadline passed, 10 some devices of a batch failed, 12 unconfirmed, 13 joined but an --after failed; 130, 143 and 129 interrupted by a signal.

Examples:
  espprov discover
  espprov provision ble
  espprov provision serial:/dev/ttyUSB0 --pop abcd1234 --ssid Home
  espprov provision sim --ssid Home --passphrase correct-horse"
);

pub(super) const DISCOVER: &str = "\
Examples:
  espprov discover
  espprov discover --prefix PROV_ --timeout 20s
  espprov discover --network
  espprov discover --json | head -n 1";

pub(super) const INFO: &str = with_examples!(
    "  espprov info ble:PROV_51DE01
  espprov info serial:/dev/ttyUSB0
  espprov info sim --json"
);

pub(super) const SCAN: &str = with_examples!(
    "  espprov scan ble:PROV_51DE01 --pop abcd1234
  espprov scan sim --thread
  espprov scan sim --json"
);

pub(super) const PROVISION: &str = with_examples!(
    "  espprov provision ble --pop abcd1234
  espprov provision serial:/dev/ttyUSB0 --pop abcd1234 --ssid Home --passphrase correct-horse
  echo correct-horse | espprov provision http://192.168.4.1 --ssid Home --passphrase - --json
  ot-ctl dataset active -x | espprov provision ble:PROV_51DE01 --pop abcd1234 --dataset -
  espprov provision 'NP:PROV_51DE01|abcd1234|b' --ssid Home
  espprov provision ble:PROV_51DE01 --pop abcd1234 --ssid Home --before mqtt=@broker.json --after claim=code"
);

pub(super) const STATUS: &str = with_examples!(
    "  espprov status ble:PROV_51DE01 --pop abcd1234
  espprov status sim --thread --json"
);

pub(super) const RESET: &str = with_examples!(
    "  espprov reset serial:/dev/ttyUSB0 --pop abcd1234
  espprov reset sim"
);

pub(super) const REPROV: &str = with_examples!(
    "  espprov reprov ble:PROV_51DE01 --pop abcd1234
  espprov reprov http://192.168.4.1 --password abcd1234"
);

pub(super) const SEND: &str = with_examples!(
    "  espprov send ble:PROV_51DE01 custom-data --text hello --pop abcd1234
  espprov send serial:/dev/ttyUSB0 certificate --file device.pem --pop abcd1234
  espprov send sim echo --hex 00ff10 --raw | xxd"
);

pub(super) const PROPS: &str = with_examples!(
    "  espprov props http://192.168.1.57 --password abcd1234
  espprov props http://my_esp_ctrl_device.local get property1 --pop abcd1234 --json
  espprov props http://192.168.1.57 set property1=638 'property3=good evening' --pop abcd1234
  espprov props ble:my_esp_ctrl_device set certificate=@device.der --pop abcd1234
  espprov props sim"
);

pub(super) const CREDENTIALS: &str = "\
Examples:
  espprov credentials --password abcd1234
  openssl rand -hex 8 | espprov credentials --username wifiprov --password - --format nvs-csv";

#[cfg(feature = "line")]
pub(super) const QR: &str = "\
Examples:
  espprov qr encode --name PROV_51DE01 --pop abcd1234
  espprov qr encode --name PROV_51DE01 --pop abcd1234 --out label.svg
  espprov qr decode photo.jpg
  espprov provision qr:photo.jpg --ssid Home";

#[cfg(feature = "line")]
pub(super) const FACTORY: &str = "\
The folder gets devices.csv (the manifest of espprov batch), labels.html (sheets of A4 to print) and labels-roll.html (the same for a label printer), and for each device a folder with nvs.csv (for ESP-IDF's NVS partition generator), code.png and code.svg. Everything in it is secret: only its owner can read it, and nothing of it is shown.

Examples:
  espprov factory new --count 100 --out series-7
  espprov factory new --count 24 --out kits --prefix KIT- --security 1 --transport softap";

#[cfg(feature = "line")]
pub(super) const BATCH: &str = "\
The manifest has a line for each device: target or payload, and any of name, pop, username, password, ssid, passphrase, dataset, security. What it leaves out is taken from the options. Run again after an interruption: devices that are done are skipped, those that were under way are looked at before anything is sent to them.

Examples:
  espprov batch devices.csv --ssid Hall --passphrase correct-horse --jobs 4
  espprov batch devices.csv --ssid Hall --adapter hci0,hci1 --jobs 8
  espprov batch devices.csv --ssid Hall --ledger postgres://line@db.example/line
  espprov batch devices.toml --retry-failed --json";

pub(super) const SIMULATE: &str = "\
Examples:
  espprov simulate
  espprov simulate --http 8080 --security 1 --pop abcd1234
  espprov simulate --pty --scenario world.toml
  espprov simulate --network thread --flavour idf-6";

pub(super) const COMPLETIONS: &str = "\
Examples:
  espprov completions bash > ~/.local/share/bash-completion/completions/espprov
  espprov completions zsh > \"${fpath[1]}/_espprov\"";

pub(super) const MAN: &str = "\
Examples:
  espprov man | man -l -
  espprov man --out /usr/local/share/man/man1";
