//! Every command shown in the README and in the book, run with the real binary.
#![cfg(unix)] // the commands are written for a shell

use core::time::Duration;
use espprov_simulator::Scenario;
use espprov_tests::book::{Command, commands, output_matches};
use espprov_tests::cli::Simulator;
use espprov_tests::tls::{Authority, Front, Leaf, Manners};
use espprov_tests::tree::{files, root};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Instant;

/// Longer than any command may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// How the README, read in a fresh clone, spells the binary: without the links it does not use.
const FROM_SOURCE: &str = "cargo run -p espprov-cli --no-default-features --";

/// The address the pages use for servers; each page gets a port of its own instead.
const SHOWN_ADDRESS: &str = "127.0.0.1:8080";

/// The same for a device on HTTPS, which a page has that shows it.
const SHOWN_SECURE: &str = "localhost:8443";

/// Where the repository's files are on the web.
const REPOSITORY: &str = "https://github.com/espprov/espprov/blob/main/";

fn pages() -> Vec<PathBuf> {
    let mut pages = files(&root().join("docs/src"), "md");
    pages.push(root().join("README.md"));
    pages.sort();
    pages
}

/// Where one page's commands run.
struct Shell {
    dir: PathBuf,
    address: String,
    secure: Option<Secure>,
    background: Vec<Child>,
    runs: usize,
}

/// A device on HTTPS, and the root that signed its certificate in `root.pem`.
struct Secure {
    front: Front,
    _device: Simulator,
}

impl Secure {
    fn start(dir: &Path) -> Self {
        let authority = Authority::new();
        fs::write(dir.join("root.pem"), authority.pem()).unwrap();
        let device = Simulator::start(&[]);
        Self {
            front: Front::start(authority.sign(Leaf::RIGHT), Manners::DEVICE, &device.url),
            _device: device,
        }
    }
}

impl Shell {
    fn new(name: &str, secure: bool) -> Self {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("book-{name}-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        Self {
            secure: secure.then(|| Secure::start(&dir)),
            dir,
            address: free.to_string(),
            background: vec![],
            runs: 0,
        }
    }

    /// What a page shows, with the addresses that are in use.
    fn with_addresses(&self, text: &str) -> String {
        let text = text.replace(SHOWN_ADDRESS, &self.address);
        match &self.secure {
            Some(secure) => text.replace(
                SHOWN_SECURE,
                &format!("localhost:{}", secure.front.address.port()),
            ),
            None => text,
        }
    }

    /// Starts a command with everything it prints, errors too, going to a file.
    fn spawn(&mut self, command: &Command) -> (Child, PathBuf) {
        let text = self.with_addresses(&command.text.replace(FROM_SOURCE, "espprov"));
        // A shell that stays in between would survive the killing of a server.
        let text = if command.background {
            format!("exec {text}")
        } else {
            text
        };
        self.runs += 1;
        let log = self.dir.join(format!(".output-{}", self.runs));
        let out = File::create(&log).unwrap();
        let binary = espprov_tests::bin();
        let path = format!(
            "{}:{}",
            binary.parent().unwrap().display(),
            std::env::var("PATH").unwrap()
        );
        let child = std::process::Command::new("sh")
            .args(["-c", &text])
            .current_dir(&self.dir)
            .env_clear()
            .env("PATH", path)
            .env("HOME", &self.dir)
            .stdin(Stdio::null())
            .stderr(out.try_clone().unwrap())
            .stdout(out)
            .spawn()
            .unwrap();
        (child, log)
    }

    /// Runs a command; what is wrong with it, if anything.
    fn run(&mut self, command: &Command) -> Option<String> {
        let shown: Vec<String> = command
            .output
            .iter()
            .map(|line| self.with_addresses(line))
            .collect();
        let (mut child, log) = self.spawn(command);
        let start = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break Some(status);
            }
            let printed = fs::read_to_string(&log).unwrap_or_default();
            let lines: Vec<&str> = printed.lines().map(str::trim_end).collect();
            // A server is up when it has printed what the page shows.
            if command.background && !lines.is_empty() && (shown.is_empty() || output_matches(&shown, &lines))
            {
                self.background.push(child);
                break None;
            }
            if start.elapsed() > PATIENCE {
                child.kill().unwrap();
                child.wait().unwrap();
                return Some(format!("still running after {PATIENCE:?}, printed:\n{printed}"));
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        let printed = String::from_utf8_lossy(&fs::read(&log).unwrap()).into_owned();
        let lines: Vec<&str> = printed.lines().map(str::trim_end).collect();
        match status {
            Some(_) if command.background => Some(format!("ended at once, printed:\n{printed}")),
            Some(status) if status.code() != Some(command.exit) => Some(format!(
                "exit code {:?} instead of {}, printed:\n{printed}",
                status.code(),
                command.exit
            )),
            _ if !shown.is_empty() && !output_matches(&shown, &lines) => {
                Some(format!("printed:\n{printed}instead of:\n{}", shown.join("\n")))
            }
            _ => None,
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        for child in &mut self.background {
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// Runs the commands of one page, one after the other; how many there were, and what is wrong.
fn check(page: &Path) -> (usize, Vec<String>) {
    let shown_as = page.strip_prefix(root()).unwrap().display().to_string();
    let text = fs::read_to_string(page).unwrap();
    let found = commands(page, &text);
    let mut shell = Shell::new(&shown_as.replace(['/', '.'], "-"), text.contains(SHOWN_SECURE));
    let mut wrong = vec![];
    for command in &found {
        if let Some(problem) = shell.run(command) {
            wrong.push(format!(
                "{shown_as}:{}: $ {}\n{problem}",
                command.line, command.text
            ));
        }
    }
    (found.len(), wrong)
}

#[test]
fn every_command_does_what_the_page_shows() {
    let pages = pages();
    // The pages know nothing of each other, and their commands mostly wait.
    let results: Vec<_> = std::thread::scope(|scope| {
        let checks: Vec<_> = pages.iter().map(|page| scope.spawn(|| check(page))).collect();
        checks.into_iter().map(|check| check.join().unwrap()).collect()
    });
    let run: usize = results.iter().map(|(run, _)| run).sum();
    let wrong: Vec<_> = results.into_iter().flat_map(|(_, wrong)| wrong).collect();
    println!("book: {run} commands");
    assert!(run >= 30, "only {run} commands found: were the blocks renamed?");
    assert!(
        wrong.is_empty(),
        "{} of {run} commands:\n\n{}",
        wrong.len(),
        wrong.join("\n\n")
    );
}

/// A code that the program can end with and the page does not explain helps nobody.
#[test]
fn every_error_code_is_in_troubleshooting() {
    let page = fs::read_to_string(root().join("docs/src/troubleshooting.md")).unwrap();
    let exits = [
        ("Unexpected", "1"),
        ("Usage", "2"),
        ("Link", "3"),
        ("Credentials", "4"),
        ("Policy", "5"),
        ("Refused", "6"),
        ("AuthFailed", "7"),
        ("NetworkNotFound", "8"),
        ("Deadline", "9"),
        ("Interrupted", "130, 143, 129"),
        ("Warning", "Warnings"),
    ];
    let mut codes = 0;
    let mut missing = BTreeSet::new();
    for file in files(&root().join("crates/espprov-cli/src"), "rs") {
        // Without the tests, and with all white space alike.
        let text = fs::read_to_string(&file).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        let text: String = text.split_whitespace().collect();
        let found = [
            ("Usage", "Failure::usage("),
            ("Policy", "refuse("),
            ("Warning", ".warn("),
            ("Warning", "Report::Warning{code:"),
            // Where codes are chosen first and the exit follows: any section will do.
            ("Any", "=>("),
        ];
        let found = found
            .into_iter()
            .flat_map(|(exit, call)| text.split(call).skip(1).map(move |rest| (exit, rest)));
        let others = text
            .split("Failure::new(Exit::")
            .skip(1)
            .filter_map(|rest| rest.split_once(','));
        for (exit, rest) in found.chain(others) {
            let Some((code, _)) = rest.strip_prefix('"').and_then(|rest| rest.split_once('"')) else {
                continue; // named by a variable
            };
            let plain = code
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            let surely = code.contains('_') || file.components().any(|part| part.as_os_str() == "errors");
            if !plain || code.len() > 24 || (exit == "Any" && !surely) {
                continue; // a sentence, or the name of something else
            }
            codes += 1;
            let explained = page.split("\n## ").any(|section| {
                let heading = section.split([':', '\n']).next().unwrap();
                let number = exits
                    .iter()
                    .find(|(name, _)| *name == exit)
                    .map(|(_, number)| *number);
                let right = number.is_none_or(|number| heading.split(" and ").any(|part| part == number));
                right && section.contains(&format!("`{code}`"))
            });
            if !explained {
                missing.insert(format!("`{code}` ({exit})"));
            }
        }
    }
    assert!(codes > 30, "only {codes} codes found");
    assert!(missing.is_empty(), "not explained: {missing:#?}");
}

/// Every `toml` block is a scenario.
#[test]
fn scenarios_shown_are_valid() {
    let page = fs::read_to_string(root().join("docs/src/simulator.md")).unwrap();
    let blocks: Vec<_> = page
        .split("```toml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert!(!blocks.is_empty());
    for block in blocks {
        let scenario = Scenario::parse(block).unwrap();
        assert_ne!(scenario, Scenario::default(), "{block}");
    }
}

#[test]
fn every_page_is_in_the_summary() {
    let summary = fs::read_to_string(root().join("docs/src/SUMMARY.md")).unwrap();
    for page in pages() {
        if let Ok(name) = page.strip_prefix(root().join("docs/src"))
            && name != Path::new("SUMMARY.md")
        {
            assert!(
                summary.contains(&format!("({})", name.display())),
                "{}",
                name.display()
            );
        }
    }
}

/// Links between pages, and from pages into the repository, lead somewhere.
#[test]
fn local_links_lead_somewhere() {
    let mut pages = pages();
    for name in ["ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"] {
        pages.push(root().join(name));
    }
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or_default();
            // The built book cannot reach files outside of it, so its pages name them by their address.
            let (base, file) = match file.strip_prefix(REPOSITORY) {
                Some(file) => (root(), file),
                None => (page.parent().unwrap().to_owned(), file),
            };
            if !file.is_empty() && !file.contains("://") {
                let target = base.join(file);
                assert!(target.exists(), "{}: {link}", page.display());
            }
        }
    }
}
