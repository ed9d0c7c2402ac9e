//! `send`: data for any endpoint.

use super::{Context, block_on};
use crate::args::SendArgs;
use crate::device::Device;
use crate::errors::{self, Failure};
use crate::output::{Report, Success};
use crate::secret_input::SecretBytes;
use espprov_transport::Endpoint;
use espprov_types::hex::{Hex, HexError};
use zeroize::Zeroizing;

pub(super) fn run(context: &Context, args: &SendArgs) -> Result<Success, Failure> {
    let endpoint = Endpoint::custom(&args.endpoint).map_err(|error| {
        Failure::usage("invalid_endpoint", error.to_string())
            .help("give the name the firmware registered, such as custom-data")
    })?;
    let data = data(context, args)?;
    if data.is_empty() {
        return Err(Failure::usage("empty_request", "there is nothing to send")
            .cause("devices do not answer empty requests")
            .help("give at least one byte"));
    }
    let plan = context.plan(&args.device, false)?;
    let mut sent = false;
    block_on(plan.run(async |device| {
        let result = exchange(device, endpoint, &data, args, &mut sent).await;
        // What has been sent must not be sent again: only the application knows whether it may.
        result.map_err(|mut failure| {
            if sent {
                failure.retry = None;
            }
            failure
        })
    }))
}

async fn exchange(
    device: &mut Device,
    endpoint: Endpoint<'_>,
    data: &[u8],
    args: &SendArgs,
    sent: &mut bool,
) -> Result<Success, Failure> {
    let mut answer: SecretBytes = Zeroizing::new(Vec::new());
    let end = if endpoint.is_encrypted() {
        device.connect().await?;
        *sent = true;
        let chunk = (args.chunk > 0).then_some(args.chunk);
        let end = device
            .driver
            .send(endpoint, data, chunk, |piece| answer.extend_from_slice(piece))
            .await;
        end.map(|_| ())
    } else {
        // The handshake and proto-ver are outside of every session.
        *sent = true;
        device
            .driver
            .send_raw(endpoint, data, |reply| answer.extend_from_slice(reply))
            .await
    };
    end.map_err(|error| device.explain_once(&error))?;
    device.out.stop_progress();
    device.out.event(&Report::Reply {
        endpoint: endpoint.to_string(),
        hex: Hex(&answer).to_string(),
    });
    if let Some(path) = &args.out {
        std::fs::write(path, &**answer).map_err(|error| errors::file("write", path, &error))?;
        device
            .out
            .say(&format!("{} bytes written to {}", answer.len(), path.display()));
    } else if answer.is_empty() {
        device.out.say("(empty answer)");
    } else {
        device.out.say(&readable(&answer));
    }
    Ok(Success::done())
}

/// Text as text, with its ends trimmed of NULs and line breaks; everything else as hex.
fn readable(answer: &[u8]) -> String {
    let shown = |c: char| !c.is_control() || matches!(c, '\n' | '\t' | '\r');
    match core::str::from_utf8(answer) {
        Ok(text) if !text.trim_end_matches(['\0', '\n', '\r']).is_empty() => {
            let text = text.trim_end_matches(['\0', '\n', '\r']);
            if text.chars().all(shown) {
                text.to_owned()
            } else {
                Hex(answer).to_string()
            }
        }
        _ => Hex(answer).to_string(),
    }
}

fn data(context: &Context, args: &SendArgs) -> Result<SecretBytes, Failure> {
    if let Some(text) = &args.text {
        return Ok(Zeroizing::new(text.as_bytes().to_vec()));
    }
    if let Some(hex) = &args.hex {
        return decode_hex(hex, "--hex");
    }
    if let Some(path) = &args.file {
        return std::fs::read(path)
            .map(Zeroizing::new)
            .map_err(|error| errors::file("read", path, &error));
    }
    context.stdin.read_all("the data")
}

/// Hex from the command line. Colons and spaces between bytes are fine.
pub(super) fn decode_hex(text: &str, flag: &str) -> Result<SecretBytes, Failure> {
    let digits: Zeroizing<String> = Zeroizing::new(
        text.trim()
            .trim_start_matches("0x")
            .chars()
            .filter(|c| !matches!(c, ':' | ' '))
            .collect(),
    );
    let mut bytes = Zeroizing::new(vec![0; digits.len() / 2]);
    // Not the text itself: it may be a key.
    let invalid = |error: HexError| {
        Failure::usage("invalid_hex", format!("{flag}: {error}"))
            .cause("a byte is two hex digits, 0 to 9 and a to f")
            .help(format!("correct the value of {flag}"))
    };
    espprov_types::hex::decode(&digits, &mut bytes).map_err(invalid)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_shown_as_they_are() {
        assert_eq!(readable(b"SUCCESS\0"), "SUCCESS");
        assert_eq!(readable(b"a\x1b[2J"), "611b5b324a");
        assert_eq!(readable(b"\0"), "00");
        assert_eq!(readable(b"\xff\xfe"), "fffe");
    }

    #[test]
    fn hex_errors_do_not_repeat_the_value() {
        assert_eq!(
            decode_hex("0x00:FF 10", "--hex").unwrap().as_slice(),
            [0, 255, 16]
        );
        for bad in ["abc", "zz", "é1"] {
            let failure = decode_hex(bad, "--network-key").unwrap_err();
            assert_eq!(failure.code, "invalid_hex");
            assert!(!failure.sentence().contains(bad), "{}", failure.sentence());
        }
    }
}
