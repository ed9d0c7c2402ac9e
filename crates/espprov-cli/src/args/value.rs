//! Value parsers. None of them may be used for a secret: clap repeats bad values.

use core::time::Duration;

/// `90`, `90s`, `500ms`, `2m`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    let millis = match &text[digits.len()..] {
        "" | "s" => number.checked_mul(1000),
        "ms" => Some(number),
        "m" | "min" => number.checked_mul(60_000),
        _ => None,
    };
    match millis.map(Duration::from_millis) {
        Some(duration) if !duration.is_zero() && duration <= Duration::from_secs(86_400) => Ok(duration),
        _ => Err(wrong()),
    }
}

/// The same, within what a shared ledger takes.
#[cfg(feature = "postgres")]
pub(super) fn lease(text: &str) -> Result<Duration, String> {
    let range = espprov_line::shared::LEASES;
    let lease = duration(text).ok().filter(|lease| range.contains(lease));
    lease.ok_or_else(|| "give a time from 3s to 60m".to_owned())
}

fn wrong() -> String {
    "give a time such as 60s, 500ms or 2m, at most a day".to_owned()
}

/// How a duration looks on the command line.
pub(super) const DEADLINE: &str = "60s";

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "postgres")]
    #[test]
    fn leases() {
        assert_eq!(lease("3s"), Ok(Duration::from_secs(3)));
        assert_eq!(lease("60m"), Ok(Duration::from_secs(3600)));
        for bad in ["2999ms", "61m", "", "x"] {
            assert!(lease(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn durations() {
        assert_eq!(duration("60s"), Ok(Duration::from_secs(60)));
        assert_eq!(duration("90"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        for bad in [
            "",
            "s",
            "0",
            "-1",
            "1h",
            "1.5s",
            "2d",
            "99999999999999999999",
            "18446744073709551615m",
            "90000s",
        ] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
