//! Setup codes in pictures and files: targets `qr:FILE`, and `qr decode`.

use crate::errors::{self, CALLER, Failure, explain};
use crate::secret_input::SecretBytes;
use crate::signals::unblock;
use espprov_line::code::{self, PictureError};
use espprov_types::SetupPayload;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use zeroize::Zeroizing;

/// More than a camera's picture has.
const MOST: u64 = 64 << 20;

/// A target with `qr:FILE` replaced by the text of the code in that picture.
pub(crate) async fn resolved(target: &str) -> Result<Zeroizing<String>, Failure> {
    let text = target.trim();
    match text.get(..3) {
        Some(scheme) if scheme.eq_ignore_ascii_case("qr:") => {
            let path = text.get(3..).unwrap_or_default().to_owned();
            unblock(move || {
                let text = payload_in(&read(Path::new(&path))?)?;
                // Only a setup code: what else a picture says, an address perhaps, is not to be gone to.
                parsed(&text)?;
                Ok(text)
            })
            .await
        }
        _ => Ok(Zeroizing::new(target.to_owned())),
    }
}

/// What is in a file.
pub(crate) fn read(path: &Path) -> Result<SecretBytes, Failure> {
    let mut bytes = Zeroizing::new(Vec::new());
    File::open(path)
        .and_then(|file| file.take(MOST + 1).read_to_end(&mut bytes))
        .map_err(|error| errors::file("read", path, &error))?;
    if bytes.len() as u64 > MOST {
        return Err(
            Failure::usage("too_long", format!("{} is too long", path.display()))
                .with_cause("no camera makes such pictures")
                .with_help("check that this is the right file"),
        );
    }
    Ok(bytes)
}

/// The text of the setup code in these bytes: a picture, or text.
pub(crate) fn payload_in(bytes: &[u8]) -> Result<Zeroizing<String>, Failure> {
    let texts = match code::read(bytes) {
        Ok(texts) => texts,
        Err(PictureError::NoPicture) => {
            let text = core::str::from_utf8(bytes).map_err(|_| explain_picture(PictureError::NoPicture))?;
            return Ok(Zeroizing::new(text.to_owned()));
        }
        Err(error) => return Err(explain_picture(error)),
    };
    // The label may have another system's code beside ours.
    let mut ours = texts.iter().filter(|text| SetupPayload::parse(text).is_ok());
    match (ours.next(), ours.next(), texts.first()) {
        (Some(text), None, _) | (None, _, Some(text)) => Ok(Zeroizing::new(text.clone())),
        _ => Err(
            Failure::usage("several_codes", "the picture shows more than one device's code")
                .with_cause("which of them is meant cannot be told")
                .with_help("take a picture of one label alone"),
        ),
    }
}

fn explain_picture(error: PictureError) -> Failure {
    let (cause, help) = match error {
        PictureError::NoPicture => (
            "the file is of another kind",
            "give a PNG or JPEG picture, or a file with the text of the code",
        ),
        PictureError::Broken => ("it was cut off on its way", "copy the picture again"),
        PictureError::TooLarge => ("it is no photograph of a label", "give a smaller picture"),
        _ => (
            "it is out of focus, too far away, cut off at an edge, or glares",
            "take the picture again, from nearer and straight from above",
        ),
    };
    let code = match error {
        PictureError::NoCode => "no_code",
        _ => "picture",
    };
    Failure::usage(code, error.to_string())
        .with_cause(cause)
        .with_help(help)
}

/// The payload in a text.
pub(crate) fn parsed(text: &str) -> Result<SetupPayload, Failure> {
    SetupPayload::parse(text).map_err(|error| explain::payload(CALLER, &error))
}
