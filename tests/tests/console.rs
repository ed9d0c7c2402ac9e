//! The whole flow over a console on which the board prints other things too: at any place of any answer, under every
//! scheme. Nothing that is printed may pass for an answer, or for a refusal of the credentials.

use core::time::Duration;
use embedded_io_adapters::tokio_1::FromTokio;
use espprov::TokioClock;
use espprov_core::auth::Auto;
use espprov_core::{Event, Outcome, ProvisionError, Provisioner, WifiConfig, WifiConnection, WifiFailure};
use espprov_embedded::console::{Console as Client, ConsoleError};
use espprov_simulator::{Console, Scenario, Shared, SimDevice};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

const PROMPT: &[u8] = b"\n>> ";

/// What a board prints that goes on running.
const PRINTED: [&str; 9] = [
    "free heap 123456\r\n",
    "\r\nstate=0c\r\n",
    ".",
    "\nbattery 3.71",
    "connected\r\n",
    "I (4711) wifi:new:<6,0>, old:<1,0>\r\n",
    "\x1b[0;32mI (1834) app: deadbeef\x1b[0m\r\n",
    "[  4711][D][WiFiGeneric.cpp:929] _eventCallback(): Arduino Event: 1 - SCAN_DONE\r\n",
    "\r\nI (1152) QRCODE: Encoding below text\r\nI (1162) QRCODE: {\"ver\":\"v1\",\"pop\":\"x\"}\r\n",
];

const BOOT: &str = "ESP-ROM:esp32s3-20210327\r\nBuild:Mar 27 2021\r\nrst:0x1 (POWERON),boot:0x8 (SPI_FAST_FLASH_BOOT)\r\n\
SPIWP:0xee\r\nload:0x3fce3818,len:0x16f0\r\nentry 0x403c98d0\r\nI (27) boot: ESP-IDF v5.4 2nd stage bootloader\r\n\
W (412) app: something to note\r\nI (700) app: Provisioning started\r\n";

/// What a board prints that goes down; it boots then.
const DOWN: [&str; 3] = [
    "",
    "\r\nBrownout detector was triggered\r\n\r\n",
    "Guru Meditation Error: Core  0 panic'ed (LoadProhibited). Exception was unhandled.\r\n\r\n\
     Core  0 register dump:\r\nPC      : 0x4200abcd  PS      : 0x00060030\r\n\r\nBacktrace: 0x4200abca:0x3fc9a000\r\n\r\n\
     Rebooting...\r\n",
];

/// Something that happens once.
#[derive(Clone, Copy)]
struct Incident<'a> {
    /// While this request is answered, counted from 0,
    request: usize,
    /// before this byte of what the device prints for it, the echo included:
    at: usize,
    text: &'a str,
    /// what the device would have printed on is lost, and it has forgotten its session.
    restarts: bool,
}

/// Carries bytes between the client and the device's console. Returns how much the device printed for each request.
async fn carry(
    mut client: DuplexStream,
    mut device: DuplexStream,
    incident: Option<Incident<'_>>,
    lens: &mut Vec<usize>,
) {
    let (mut typed, mut printed) = ([0; 1024], [0; 1]);
    let (mut current, mut mute) = (None, Vec::new());
    loop {
        tokio::select! {
            biased;
            read = device.read(&mut printed) => {
                if !matches!(read, Ok(1)) {
                    return;
                }
                if let (Some(request), Some(incident)) = (current, incident)
                    && (request, lens[request]) == (incident.request, incident.at)
                {
                    let _ = client.write_all(incident.text.as_bytes()).await;
                    if incident.restarts {
                        // On to the prompt, which is then that of the device that has booted.
                        mute = vec![0];
                    }
                }
                if let Some(request) = current {
                    lens[request] += 1;
                }
                if mute.is_empty() {
                    let _ = client.write_all(&printed).await;
                } else {
                    mute.push(printed[0]);
                    if mute.ends_with(PROMPT) {
                        mute.clear();
                        tokio::time::sleep(Duration::from_millis(700)).await;
                        let _ = client.write_all(PROMPT).await;
                    }
                }
            }
            read = client.read(&mut typed) => {
                let Ok(len @ 1..) = read else { return };
                if len > 1 {
                    current = Some(lens.len());
                    lens.push(0);
                }
                let _ = device.write_all(&typed[..len]).await;
            }
        }
    }
}

type Ended = Result<Outcome<WifiConnection, WifiFailure>, ProvisionError<ConsoleError>>;

/// Provisions a device of this scheme, and says what came of it, what the device printed for each request, and how often
/// an answer was lost: to text, to a restart.
async fn provision(scheme: u8, incident: Option<Incident<'_>>) -> (Ended, Vec<usize>, [u8; 2]) {
    let mut scenario = Scenario::builtin("zero").unwrap();
    scenario.security.scheme = Some(scheme);
    let (theirs, device) = tokio::io::duplex(8192);
    let console = Console::new(Shared::new(SimDevice::new(scenario).unwrap())).with_line_limit(0);
    let serving = tokio::spawn(async move {
        let (input, output) = tokio::io::split(theirs);
        console.serve(input, output, &TokioClock::new()).await
    });
    let (ours, client) = tokio::io::duplex(8192);
    let (rx, tx) = tokio::io::split(ours);
    let link = Client::new(FromTokio::new(rx), FromTokio::new(tx), TokioClock::new()).with_line_limit(None);
    let auth = Auto::new().with_pop(b"abcd1234").unwrap();
    let rng = ChaCha20Rng::seed_from_u64(9);
    let mut lost = [0, 0];
    let mut driver = Provisioner::new(link, auth, rng, TokioClock::new(), vec![0; 2048]).with_observer(
        |event: &Event<'_>| {
            if let Event::AnswerLost { restarted, .. } = event {
                lost[usize::from(*restarted)] += 1;
            }
        },
    );
    let mut lens = Vec::new();
    let config = WifiConfig::new(b"Home", b"correct-horse").unwrap();
    let ended = tokio::select! {
        ended = driver.provision_wifi(&config) => ended,
        () = carry(client, device, incident, &mut lens) => panic!("the line was cut"),
    };
    drop(driver);
    serving.abort();
    (ended, lens, lost)
}

/// What requests there are: proto-ver, the handshake's two, set, apply, status.
const REQUESTS: usize = 6;
const SET: usize = 3;
const APPLY: usize = 4;

/// How long the device's output is for each request when nothing happens.
async fn undisturbed(scheme: u8) -> Vec<usize> {
    let (ended, lens, lost) = provision(scheme, None).await;
    assert!(matches!(ended, Ok(Outcome::Connected(_))), "{ended:?}");
    assert_eq!((lens.len(), lost), (REQUESTS, [0, 0]));
    lens
}

/// Places all over an answer, others each time: more of them at its end, where short answers and prompts are. The parser's
/// own tests know every single one.
fn places(len: usize, turn: usize) -> impl Iterator<Item = usize> {
    let coarse = (len / 5).max(11);
    (0..len).filter(move |at| (at + turn).is_multiple_of(if at + 20 >= len { 5 } else { coarse }))
}

/// The requests and the texts for this scheme. Security 2 takes its time, and differs in the handshake only.
fn turns<T>(scheme: u8, all: &[T]) -> impl Iterator<Item = (usize, usize, &T)> {
    let (requests, step) = if scheme == 2 { (1..3, 4) } else { (0..REQUESTS, 1) };
    requests.flat_map(move |request| {
        let turns = all.iter().enumerate().step_by(step);
        turns.map(move |(turn, one)| (request, turn, one))
    })
}

#[tokio::test(start_paused = true)]
async fn a_device_that_prints_is_provisioned() {
    for scheme in [1, 2] {
        let lens = undisturbed(scheme).await;
        let mut spoiled = 0;
        for (request, turn, text) in turns(scheme, &PRINTED) {
            for at in places(lens[request], turn) {
                let incident = Incident {
                    request,
                    at,
                    text,
                    restarts: false,
                };
                let (ended, _, lost) = provision(scheme, Some(incident)).await;
                let place = format!("security {scheme}, {text:?} in answer {request} at {at}");
                spoiled += u32::from(lost[0]);
                assert_eq!(lost[1], 0, "{place}");
                match ended {
                    Ok(Outcome::Connected(_)) => {}
                    // Apply is never repeated, but what became of it is looked at.
                    ended => panic!("{place}: {ended:?}"),
                }
            }
        }
        assert!(spoiled > 5, "{spoiled} answers were lost to text");
    }
}

#[tokio::test(start_paused = true)]
async fn a_device_that_restarts_is_no_device_with_other_credentials() {
    for scheme in [1, 2] {
        let lens = undisturbed(scheme).await;
        for (request, turn, down) in turns(scheme, &DOWN) {
            for at in places(lens[request] - PROMPT.len(), turn) {
                let text = format!("{down}{BOOT}");
                let incident = Incident {
                    request,
                    at,
                    text: &text,
                    restarts: true,
                };
                let (ended, _, lost) = provision(scheme, Some(incident)).await;
                let place = format!("security {scheme}, {down:?} in answer {request} at {at}");
                match ended {
                    Ok(Outcome::Connected(_)) => {}
                    // After apply the restart is one of the things that may have happened to it.
                    Ok(Outcome::Failed(_)) | Err(_) if request <= SET => panic!("{place}: {ended:?}"),
                    Ok(Outcome::Failed(_)) | Err(ProvisionError::WrongCredentials { .. }) => {
                        panic!("{place}: {ended:?}")
                    }
                    _ => {}
                }
                assert_eq!(lost, [0, u8::from(request < APPLY)], "{place}: {ended:?}");
            }
        }
    }
}

/// A device that always prints into its answers: an end, and the right word for it.
#[tokio::test(start_paused = true)]
async fn a_device_that_never_stops_is_given_up() {
    let (ours, mut client) = tokio::io::duplex(8192);
    let (rx, tx) = tokio::io::split(ours);
    let link = Client::new(FromTokio::new(rx), FromTokio::new(tx), TokioClock::new());
    let auth = Auto::new().with_pop(b"abcd1234").unwrap();
    let rng = ChaCha20Rng::seed_from_u64(9);
    let mut driver = Provisioner::new(link, auth, rng, TokioClock::new(), vec![0; 2048]);
    let mut asked = 0;
    let chatty = async {
        let mut typed = [0; 1024];
        loop {
            let len = client.read(&mut typed).await.unwrap();
            if len == 1 {
                client.write_all(b"\r\n\n>> ").await.unwrap();
                continue;
            }
            asked += 1;
            client.write_all(&typed[..len - 1]).await.unwrap();
            let answer = b"\r\n\r\n7b22free heap 123456\r\n7d\r\n\n>> ";
            client.write_all(answer).await.unwrap();
        }
    };
    let error =
        tokio::select! { error = driver.connect() => error.unwrap_err(), () = chatty => unreachable!() };
    assert!(
        matches!(
            error,
            ProvisionError::Link {
                error: ConsoleError::Spoiled,
                ..
            }
        ),
        "{error:?}"
    );
    assert_eq!(asked, 3);
}
