//! `send`: data for any endpoint.

use super::Context;
use super::recipe::explain_name;
use crate::args::{SendArgs, target_by_environment};
use crate::device::Device;
use crate::errors::{self, Class, Failure};
use crate::hex_input;
use crate::output::{Report, Success, is_harmless};
use crate::plan::Purpose;
use crate::secret_input::SecretBytes;
use crate::signals::unblock;
use espprov_transport::{Endpoint, Transport};
use espprov_types::hex::Hex;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Bytes per exchange where nobody says another number.
const CHUNK: usize = 256;
/// What a cipher adds to a request at most: the tag of security 2.
const SEAL: usize = 16;

pub(super) async fn run(context: &Context, args: &SendArgs) -> Result<Success, Failure> {
    let words = Words::of(args)?;
    let endpoint = Endpoint::custom(&words.endpoint).map_err(explain_name)?;
    let to_stdout = args.raw || args.out.as_deref() == Some(Path::new("-"));
    if to_stdout && context.out.is_json() {
        return Err(Failure::usage(
            "usage",
            "--json and the bare answer cannot both have standard output",
        )
        .with_cause("with --json every line of it is a JSON object")
        .with_help("take the answer from the event `reply`, or give --out FILE"));
    }
    let data = data(context, args, words.stdin).await?;
    if data.is_empty() {
        return Err(Failure::usage("empty_request", "there is nothing to send")
            .with_cause("devices do not answer empty requests")
            .with_help("give at least one byte"));
    }
    let plan = context
        .plan_for(&words.target, &args.device, Purpose::Wifi)
        .await?;
    // An answer that cannot be kept is told before the device has acted.
    let mut file = match &args.out {
        Some(path) if !to_stdout => Some(AnswerFile::open(path)?),
        _ => None,
    };
    let mut sent = false;
    plan.run(async |device| {
        let result = exchange(device, endpoint, &data, args, &mut sent).await;
        // What has been sent must not be sent again: only the application knows whether it may.
        let answer = result.map_err(|failure| if sent { failure.with_retry(None) } else { failure })?;
        device.out.stop_progress();
        device.out.event(&Report::Reply {
            endpoint: endpoint.to_string(),
            hex: Hex(&answer).to_string(),
        });
        if let Some(file) = &mut file {
            let written = file.write(&answer)?;
            device.out.say(&written);
        } else if to_stdout {
            device.out.raw(&answer);
        } else if answer.is_empty() {
            // Nothing on stdout: that is what came.
            device.out.remark("(empty answer)");
        } else {
            device.out.say(&readable(&answer));
        }
        Ok(Success::done())
    })
    .await
}

/// The words that are no options: target (unless the environment names one), endpoint, and `-`.
struct Words {
    target: String,
    endpoint: String,
    stdin: bool,
}

impl Words {
    fn of(args: &SendArgs) -> Result<Self, Failure> {
        let given = [&args.device.target, &args.endpoint, &args.stdin];
        let mut words: Vec<String> = given.into_iter().flatten().cloned().collect();
        let stdin = words.last().is_some_and(|last| last == "-");
        if stdin {
            words.pop();
        }
        let by_option = args.text.is_some() || args.hex.is_some() || args.file.is_some();
        if stdin == by_option {
            let said = if stdin {
                "the data to send is given twice"
            } else {
                "the data to send is missing"
            };
            return Err(Failure::usage("usage", said)
                .with_cause("data comes by one of --text, --hex, --file and -")
                .with_help("give one of them; espprov send --help explains"));
        }
        let mut words = words.into_iter();
        let (target, endpoint) = match (words.next(), words.next()) {
            (Some(target), Some(endpoint)) => (target, endpoint),
            (Some(endpoint), None) => match target_by_environment()? {
                Some(target) => (target, endpoint),
                None => {
                    return Err(errors::missing(
                        "the endpoint",
                        "TARGET and ENDPOINT, such as custom-data",
                    ));
                }
            },
            _ => {
                return Err(errors::missing(
                    "the endpoint",
                    "TARGET and ENDPOINT, such as custom-data",
                ));
            }
        };
        Ok(Self {
            target,
            endpoint,
            stdin,
        })
    }
}

async fn exchange(
    device: &mut Device,
    endpoint: Endpoint<'_>,
    data: &[u8],
    args: &SendArgs,
    sent: &mut bool,
) -> Result<SecretBytes, Failure> {
    let mut answer: SecretBytes = Zeroizing::new(Vec::new());
    let end = if endpoint.is_encrypted() {
        device.connect().await?;
        *sent = true;
        let chunk = match args.chunk {
            Some(0) => None,
            Some(chunk) => Some(chunk),
            None => Some(usual_chunk(device, endpoint)),
        };
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
    Ok(answer)
}

/// The usual number of bytes, or as many as the link carries.
fn usual_chunk(device: &Device, endpoint: Endpoint<'_>) -> usize {
    let Some(most) = device.driver.transport().limits().max_request else {
        return CHUNK;
    };
    // A console line holds the endpoint's name, too; its limit is told for the longest of the protocol's own.
    let longer = endpoint
        .as_str()
        .len()
        .saturating_sub(Endpoint::PROV_SESSION.as_str().len());
    CHUNK.min(most.saturating_sub(SEAL + longer.div_ceil(2))).max(1)
}

/// Where the answer goes.
struct AnswerFile {
    path: PathBuf,
    file: File,
    /// It was not there before, and nothing is in it yet.
    fresh: bool,
}

impl AnswerFile {
    /// Opens the file; what is in it stays until there is an answer.
    fn open(path: &Path) -> Result<Self, Failure> {
        let fresh = !path.exists();
        let file = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(|error| errors::file("write", path, &error))?;
        Ok(Self {
            path: path.to_owned(),
            file,
            fresh,
        })
    }

    fn write(&mut self, answer: &[u8]) -> Result<String, Failure> {
        let written = self.cut().and_then(|()| self.file.write_all(answer));
        written.map_err(|error| errors::file("write", &self.path, &error).with_class(Class::Unexpected))?;
        self.fresh = false;
        Ok(format!(
            "{} bytes written to {}",
            answer.len(),
            self.path.display()
        ))
    }

    /// Only files have something to cut off, pipes and terminals have not.
    fn cut(&self) -> io::Result<()> {
        if self.file.metadata()?.is_file() {
            self.file.set_len(0)
        } else {
            Ok(())
        }
    }
}

impl Drop for AnswerFile {
    fn drop(&mut self) {
        if self.fresh {
            // Nothing came: there is no file either. If it does not go, it is empty.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// What is surely hex, because no text is shown like that.
const HEX: &str = "hex:";

/// Text as text, with its ends trimmed of NULs and line breaks; everything else as `hex:` and digits.
pub(super) fn readable(answer: &[u8]) -> String {
    let is_shown = |c: char| is_harmless(c) || matches!(c, '\n' | '\t' | '\r');
    match core::str::from_utf8(answer).map(|text| text.trim_end_matches(['\0', '\n', '\r'])) {
        Ok(text) if !text.is_empty() && !text.starts_with(HEX) && text.chars().all(is_shown) => {
            text.to_owned()
        }
        _ => format!("{HEX}{}", Hex(answer)),
    }
}

async fn data(context: &Context, args: &SendArgs, stdin: bool) -> Result<SecretBytes, Failure> {
    if let Some(text) = &args.text {
        return Ok(Zeroizing::new(text.as_bytes().to_vec()));
    }
    if let Some(hex) = &args.hex {
        return hex_input::decode(hex, "--hex");
    }
    if let Some(path) = args.file.clone() {
        return unblock(move || {
            std::fs::read(&path)
                .map(Zeroizing::new)
                .map_err(|error| errors::file("read", &path, &error))
        })
        .await;
    }
    if stdin {
        context.stdin.read_all("the data").await
    } else {
        Ok(Zeroizing::new(Vec::new()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_shown_as_they_are() {
        assert_eq!(readable(b"SUCCESS\0"), "SUCCESS");
        assert_eq!(readable(b"00ff10"), "00ff10", "text that looks like hex");
        assert_eq!(readable(b"\x00\xff\x10"), "hex:00ff10", "and hex that does not");
        assert_eq!(readable(b"hex:00"), "hex:6865783a3030", "nor text that would");
        assert_eq!(readable(b"a\x1b[2J"), "hex:611b5b324a");
        assert_eq!(readable("a\u{202e}b".as_bytes()), "hex:61e280ae62");
        assert_eq!(readable(b"\0"), "hex:00");
        assert_eq!(readable(b"\xff\xfe"), "hex:fffe");
    }
}
