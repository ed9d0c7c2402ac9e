//! `qr`: setup codes as text and as pictures.

use super::Context;
use crate::args::{QrCommand, QrDecodeArgs, QrEncodeArgs, QrFormat, SecurityArg};
use crate::errors::Failure;
use crate::output::{Report, Success, clean};
use crate::pictures;
use crate::private_file;
use crate::secret_input::{SecretBytes, check_length};
use crate::signals::unblock;
use core::str;
use espprov_line::code::{Code, Ground};
use espprov_types::{Secret, SetupNetwork, SetupPayload, SetupTransport, ShortStr};
use std::io::IsTerminal;
use std::path::Path;
use zeroize::Zeroizing;

pub(super) async fn run(context: &Context, command: &QrCommand) -> Result<Success, Failure> {
    match command {
        QrCommand::Encode(args) => encode(context, args).await,
        QrCommand::Decode(args) => decode(context, args).await,
    }
}

async fn encode(context: &Context, args: &QrEncodeArgs) -> Result<Success, Failure> {
    let format = args.format.unwrap_or_else(|| by_name(args.out.as_deref()));
    let out = &context.out;
    if args.out.is_none() && out.is_json() {
        return Err(
            Failure::usage("usage", "--json and the code cannot both have standard output")
                .with_cause("with --json every line of it is a JSON object")
                .with_help("give --out FILE"),
        );
    }
    if args.out.is_none() && format == QrFormat::Png && std::io::stdout().is_terminal() {
        return Err(Failure::usage("usage", "a PNG is nothing for a terminal")
            .with_cause("it is bytes, which a terminal takes for commands")
            .with_help("give --out FILE, or pipe it into a program"));
    }
    let payload = payload(context, args).await?;
    let mut json = Zeroizing::new(String::with_capacity(512));
    payload.write_json(&mut *json).map_err(|_| not_utf8())?;
    let code = || {
        Code::new(&json).map_err(|error| {
            Failure::usage("too_long", error.to_string())
                .with_cause("the values are longer than any label has them")
                .with_help("shorten --pop, --username or --password")
        })
    };
    let bytes: SecretBytes = Zeroizing::new(match format {
        QrFormat::Terminal => code()?.terminal(ground(context, args)).into_bytes(),
        QrFormat::Svg => (code()?.svg() + "\n").into_bytes(),
        QrFormat::Png => code()?.png(args.scale.into()),
        QrFormat::Text => format!("{}\n", *json).into_bytes(),
        QrFormat::Url => {
            let mut url = String::new();
            payload.write_url(&args.page, &mut url).map_err(|_| not_utf8())?;
            (url + "\n").into_bytes()
        }
    });
    let Some(path) = args.out.clone() else {
        out.raw(&bytes);
        return Ok(Success::done());
    };
    let summary = format!("{} bytes written to {}", bytes.len(), path.display());
    unblock(move || private_file::replace(&path, &bytes)).await?;
    Ok(Success {
        summary,
        ..Success::done()
    })
}

/// What a file of this name is to have in it.
fn by_name(path: Option<&Path>) -> QrFormat {
    let end = path.and_then(Path::extension).and_then(|end| end.to_str());
    match end.map(str::to_ascii_lowercase).as_deref() {
        Some("svg") => QrFormat::Svg,
        Some("png") => QrFormat::Png,
        Some("txt" | "json") => QrFormat::Text,
        _ => QrFormat::Terminal,
    }
}

/// Where colours may be set, the terminal's own do not matter.
fn ground(context: &Context, args: &QrEncodeArgs) -> Ground {
    if args.light {
        Ground::Light
    } else if context.out.paints() && args.out.is_none() {
        Ground::Any
    } else {
        Ground::Dark
    }
}

fn not_utf8() -> Failure {
    Failure::usage(
        "invalid_payload",
        "the text of a code is UTF-8, and a value is not",
    )
    .with_cause("a value on standard input or in an environment variable has other bytes")
    .with_help("give values that are text")
}

async fn payload(context: &Context, args: &QrEncodeArgs) -> Result<SetupPayload, Failure> {
    let too_long = |flag: &str| {
        Failure::usage("too_long", format!("the value of {flag} is too long"))
            .with_cause("no firmware has such a long one")
            .with_help(format!("check {flag}"))
    };
    let mut payload = SetupPayload::new(&args.name, args.transport.into()).map_err(|_| too_long("--name"))?;
    let pop = context
        .stdin
        .value_or_env(args.pop.as_deref(), "--pop", "ESPPROV_POP")
        .await?;
    check_length(pop.as_deref().map(Vec::as_slice), "--pop")?;
    if let Some(pop) = pop {
        payload.pop = Some(Secret::new(&pop).map_err(|_| too_long("--pop"))?);
    }
    if let Some(password) = context
        .stdin
        .value(args.password.as_deref(), "--password")
        .await?
    {
        payload.password = Some(Secret::new(&password).map_err(|_| too_long("--password"))?);
    }
    if let Some(username) = &args.username {
        payload.username = Some(ShortStr::new(username).map_err(|_| too_long("--username"))?);
    }
    payload.network = args.network.into();
    payload.security = match args.security {
        SecurityArg::Auto => None,
        SecurityArg::None => Some(0),
        SecurityArg::Pop => Some(1),
        SecurityArg::Srp => Some(2),
    };
    Ok(payload)
}

async fn decode(context: &Context, args: &QrDecodeArgs) -> Result<Success, Failure> {
    let text = if args.code == "-" {
        let bytes = context.stdin.read_all("the code").await?;
        unblock(move || pictures::payload_in(&bytes)).await?
    } else if Path::new(&args.code).is_file() {
        let path = args.code.clone();
        unblock(move || pictures::payload_in(&pictures::read(Path::new(&path))?)).await?
    } else if looks_like_a_path(&args.code) {
        let error = std::io::Error::from(std::io::ErrorKind::NotFound);
        return Err(crate::errors::file("read", Path::new(&args.code), &error));
    } else {
        pictures::resolved(&args.code).await?
    };
    let payload = pictures::parsed(&text)?;
    let report = report(&payload, args.show_secrets);
    for (label, text) in lines(&report) {
        context.out.say_labelled(label, &text);
    }
    context.out.event(&report);
    Ok(Success::done())
}

/// A name with the ending of a picture is a file that is not there, not a code that cannot be read.
fn looks_like_a_path(text: &str) -> bool {
    let is_target = text
        .get(..3)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("qr:"));
    let end = text.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase());
    matches!(end.as_deref(), Some("png" | "jpg" | "jpeg" | "txt" | "json"))
        && !text.contains(['{', '|'])
        && !is_target
}

fn report(payload: &SetupPayload, secrets: bool) -> Report {
    let shown = |bytes: Option<&[u8]>| {
        bytes
            .filter(|_| secrets)
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    };
    let pop = payload.pop.as_ref().map(Secret::expose);
    let password = payload.password.as_ref().map(Secret::expose);
    Report::Payload {
        name: payload.name.to_string(),
        transport: match payload.transport {
            SetupTransport::SoftAp => "softap",
            _ => "ble",
        },
        security: payload.security,
        network: match payload.network {
            SetupNetwork::Thread => "thread",
            _ => "wifi",
        },
        username: payload.username.as_ref().map(ToString::to_string),
        has_pop: pop.is_some(),
        has_password: password.is_some(),
        pop: shown(pop),
        password: shown(password),
    }
}

/// The same for people.
fn lines(report: &Report) -> Vec<(&'static str, String)> {
    let Report::Payload {
        name,
        transport,
        security,
        network,
        username,
        has_pop,
        has_password,
        pop,
        password,
    } = report
    else {
        return Vec::new();
    };
    let secret = |text: &Option<String>| match text {
        Some(text) => clean(text),
        None => "(hidden; --show-secrets shows it)".to_owned(),
    };
    let mut lines = vec![
        ("Name", clean(name)),
        ("Transport", (*transport).to_owned()),
        (
            "Security",
            security.map_or_else(|| "(the device says it)".to_owned(), |number| number.to_string()),
        ),
        ("Network", (*network).to_owned()),
    ];
    if let Some(username) = username {
        lines.push(("Username", clean(username)));
    }
    if *has_pop {
        lines.push(("PoP", secret(pop)));
    }
    if *has_password {
        lines.push(("Passphrase", secret(password)));
    }
    lines
}
