//! What memcheck says, and which of it is as it must be.

use std::path::Path;
use std::process::Command;

/// A branch or an address that depends on a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// `UninitCondition` (a branch) or `UninitValue` (an address).
    pub kind: String,
    /// The functions it happened in, innermost first.
    pub frames: Vec<String>,
}

/// A place where a branch on something secret is right, and why.
#[derive(Debug, Clone, Copy)]
pub struct Allowed {
    /// Ends of functions' names, innermost first, joined by ` < `: found anywhere between the branch and the case, or
    /// only at the branch itself if it begins with `^`. ` | ` stands between alternatives, for what the compiler may put
    /// into the function above.
    pub place: &'static str,
    /// Why.
    pub reason: &'static str,
}

impl Allowed {
    /// A place and its reason.
    #[must_use]
    pub const fn new(place: &'static str, reason: &'static str) -> Self {
        Self { place, reason }
    }

    fn covers(&self, finding: &Finding) -> bool {
        self.place.split(" | ").any(|place| is_at(&finding.frames, place))
    }
}

fn is_at(frames: &[String], place: &str) -> bool {
    let anchored = place.strip_prefix('^');
    let names: Vec<&str> = anchored.unwrap_or(place).split(" < ").collect();
    let mut places = frames.windows(names.len());
    let is_here = |frames: &[String]| {
        frames
            .iter()
            .zip(&names)
            .all(|(frame, name)| frame == name || frame.ends_with(&format!("::{name}")))
    };
    if anchored.is_some() {
        places.next().is_some_and(is_here)
    } else {
        places.any(is_here)
    }
}

/// Runs a case under valgrind and says what memcheck found.
///
/// # Panics
/// If valgrind is not there, or the case fails.
#[must_use]
pub fn findings(program: &Path, case: &str) -> Vec<Finding> {
    let log = std::env::temp_dir().join(format!("espprov-memory-{}-{case}.xml", std::process::id()));
    let output = Command::new("valgrind")
        .args([
            "--tool=memcheck",
            "--leak-check=no",
            "--error-limit=no",
            "--num-callers=12",
            "--xml=yes",
        ])
        .arg(format!("--xml-file={}", log.display()))
        .arg(program)
        .arg(case)
        .output()
        .unwrap_or_else(|error| panic!("valgrind cannot be started (apt-get install valgrind): {error}"));
    let report = std::fs::read_to_string(&log).unwrap_or_default();
    let _ = std::fs::remove_file(&log);
    assert!(
        output.status.success(),
        "{case}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        report.contains("<state>FINISHED</state>"),
        "{case}: no whole report"
    );
    parse(&report)
}

/// The errors of a report. It is valgrind's, not a stranger's: what is read of it is flat.
fn parse(report: &str) -> Vec<Finding> {
    let errors = report.split("<error>").skip(1);
    errors
        .map(|error| {
            let error = error.split("</error>").next().unwrap_or_default();
            Finding {
                kind: inside(error, "kind").next().unwrap_or_default().to_owned(),
                frames: inside(error, "fn")
                    .map(short)
                    .take_while(|frame| !frame.contains("cases::"))
                    .collect(),
            }
        })
        .collect()
}

/// A function's name without the types it was made for.
fn short(name: &str) -> String {
    let name = name
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&");
    // `<A as B>::f` stays, `f<A, B>` is cut.
    match name.find('<') {
        Some(at) if at > 0 => name[..at].to_owned(),
        _ => name,
    }
}

fn inside<'a>(text: &'a str, tag: &str) -> impl Iterator<Item = &'a str> {
    let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
    let mut rest = text;
    std::iter::from_fn(move || {
        let (_, after) = rest.split_once(&open)?;
        let (value, after) = after.split_once(&close)?;
        rest = after;
        Some(value)
    })
}

/// Takes away what is allowed. Returns what is left, and which permissions were of no use.
#[must_use]
pub fn judge(findings: Vec<Finding>, allowed: &[Allowed]) -> (Vec<Finding>, Vec<&str>) {
    let mut unused: Vec<&str> = allowed.iter().map(|allowed| allowed.place).collect();
    let left = findings.into_iter().filter(|finding| {
        let here = allowed.iter().find(|allowed| allowed.covers(finding));
        if let Some(here) = here {
            unused.retain(|place| *place != here.place);
        }
        here.is_none()
    });
    let left = left.collect();
    (left, unused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_read_and_judged() {
        let report = "<error><kind>UninitCondition</kind><stack><frame><fn>a::verdict</fn></frame>\
                      <frame><fn>main</fn></frame></stack></error>\
                      <error><kind>UninitValue</kind><stack><frame><fn>b</fn></frame></stack></error>";
        let findings = parse(report);
        assert_eq!(findings[0].frames, ["a::verdict", "main"]);
        let allowed = [
            Allowed::new("elsewhere | verdict < main", "public"),
            Allowed::new("^main", "not at the branch itself"),
            Allowed::new("dict", "not a whole name"),
        ];
        let (left, unused) = judge(findings, &allowed);
        assert_eq!((left.len(), &left[0].kind[..]), (1, "UninitValue"));
        assert_eq!(unused, ["^main", "dict"]);
    }
}
