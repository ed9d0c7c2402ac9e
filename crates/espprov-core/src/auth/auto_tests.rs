//! The policy, case by case.

use super::super::testing::{
    Claim, Counter, FUTURE, OLD, OLD_NO_SEC, SEC0, SEC1, SEC1_NO_POP, SEC2, info, shake_hands,
};
use super::*;
use PolicyError as E;
use SessionSecurity as S;
use espprov_security::DeviceHandshake;

/// What `auth` does with a device that claims this.
fn verdict(auth: &mut Auto, claim: Claim) -> Result<SessionSecurity, PolicyError> {
    auth.begin(&info(claim), &mut Counter(0))
        .map(|handshake| auth.security(&handshake))
}

#[test]
fn the_policy() {
    let none = Auto::new();
    let pop = Auto::new().with_pop(b"abcd1234").unwrap();
    let no_pop = Auto::new().with_pop(b"").unwrap();
    let password = Auto::new().with_password(b"secret").unwrap();
    let forced = |scheme| SecurityChoice::Exactly(scheme);
    for (auth, claim, expected) in [
        (&none, SEC0, Ok(S::Sec0)),
        (&none, OLD_NO_SEC, Ok(S::Sec0)),
        (&none, SEC1, Err(E::PopMissing)),
        (&none, OLD, Err(E::PopMissing)),
        (&none, SEC1_NO_POP, Ok(S::Sec1)),
        (&none, SEC2, Err(E::PasswordMissing)),
        (&none, FUTURE, Err(E::UnknownScheme(3))),
        (&pop, SEC0, Err(E::SecurityDowngrade { offered: 0 })),
        (&pop, SEC1, Ok(S::Sec1)),
        (&pop, OLD, Ok(S::Sec1)),
        (&pop, SEC1_NO_POP, Err(E::PopNotWanted)),
        (&pop, SEC2, Ok(S::Sec2)),
        (&no_pop, SEC1_NO_POP, Ok(S::Sec1)),
        (&no_pop, SEC2, Err(E::PasswordMissing)),
        (&no_pop, SEC0, Ok(S::Sec0)),
        (&password, SEC0, Err(E::SecurityDowngrade { offered: 0 })),
        (&password, SEC1, Err(E::PasswordForSecurity1)),
        (&password, SEC1_NO_POP, Err(E::PasswordForSecurity1)),
        (&password, SEC2, Ok(S::Sec2)),
        (&pop.clone().allow_plaintext(true), SEC0, Ok(S::Sec0)),
        (
            &pop.clone().allow_plaintext(true),
            SEC1_NO_POP,
            Err(E::PopNotWanted),
        ),
        (
            &pop.clone().with_choice(forced(SecurityScheme::Sec2)),
            SEC1,
            Err(E::SchemeMismatch {
                offered: 1,
                wanted: 2,
            }),
        ),
        (
            &pop.clone().with_choice(forced(SecurityScheme::Sec1)),
            SEC1,
            Ok(S::Sec1),
        ),
    ] {
        assert_eq!(
            verdict(&mut auth.clone(), claim),
            expected,
            "{auth:?} with {claim:?}"
        );
    }
}

#[test]
fn what_is_held_is_held_together() {
    let auth = Auto::new().with_pop(b"abcd1234").unwrap();
    let mut auth = auth.with_username(b"somebody").unwrap();
    assert_eq!(verdict(&mut auth, SEC1), Ok(S::Sec1), "the PoP is still there");
    assert!(!auth.allows_plaintext(), "nobody said so");
    assert!(auth.allow_plaintext(true).allows_plaintext());
}

#[test]
fn debug_shows_no_secret() {
    let auth = Auto::new()
        .with_pop(b"abcd1234")
        .unwrap()
        .with_password(b"s3cret")
        .unwrap();
    let text = std::format!("{auth:?}");
    assert!(
        !text.contains("abcd1234") && !text.contains("s3cret") && !text.contains("97, 98"),
        "{text}"
    );
}

fn payload(more: &str) -> Auto {
    let json = std::format!(r#"{{"ver":"v1","name":"PROV_1","transport":"ble"{more}}}"#);
    Auto::from_payload(&SetupPayload::parse(&json).unwrap())
}

const fn fall(offered: u8, said: u8, by: Witness) -> Result<SessionSecurity, PolicyError> {
    Err(E::SecurityFall { offered, said, by })
}

const fn mismatch(offered: u8, wanted: u8) -> Result<SessionSecurity, PolicyError> {
    Err(E::SchemeMismatch { offered, wanted })
}

#[test]
fn what_a_payload_names_is_pinned() {
    let by = Witness::SetupPayload;
    let says_2 = payload(r#","pop":"abcd1234","security":"2""#);
    let says_1 = payload(r#","pop":"abcd1234","security":1"#);
    let says_0 = payload(r#","security":0"#);
    let has_user = payload(r#","username":"wifiprov","pop":"abcd1234""#);
    let has_pop = payload(r#","pop":"abcd1234""#);
    for (auth, claim, expected) in [
        (&says_2, SEC2, Ok(S::Sec2)),
        (&says_2, SEC1, fall(1, 2, by)),
        (&says_2, OLD, fall(1, 2, by)),
        (&says_2, SEC1_NO_POP, fall(1, 2, by)),
        (&says_2, SEC0, fall(0, 2, by)),
        (&says_2, FUTURE, mismatch(3, 2)),
        (&says_1, SEC1, Ok(S::Sec1)),
        (&says_1, SEC0, fall(0, 1, by)),
        (&says_1, SEC2, mismatch(2, 1)),
        (&says_1, SEC1_NO_POP, Err(E::PopNotWanted)),
        (&says_0, SEC0, Ok(S::Sec0)),
        (&says_0, SEC1, mismatch(1, 0)),
        // A user name is security 2's, though no scheme is named.
        (&has_user, SEC2, Ok(S::Sec2)),
        (&has_user, SEC1, fall(1, 2, by)),
        (&has_user, SEC0, fall(0, 2, by)),
        // Nothing named: the device is asked, as without a payload.
        (&has_pop, SEC2, Ok(S::Sec2)),
        (&has_pop, SEC1, Ok(S::Sec1)),
        (&has_pop, SEC0, Err(E::SecurityDowngrade { offered: 0 })),
        // Plain text is allowed for devices without security, not for those that had one.
        (&says_2.clone().allow_plaintext(true), SEC0, fall(0, 2, by)),
        (&has_user.clone().allow_plaintext(true), SEC0, fall(0, 2, by)),
    ] {
        assert_eq!(
            verdict(&mut auth.clone(), claim),
            expected,
            "{auth:?} with {claim:?}"
        );
    }
}

/// A device that says the same as its code adds nothing: the code, which somebody holds in the hand, stays the witness.
#[test]
fn the_first_to_say_it_is_the_witness() {
    let mut auth = payload(r#","username":"wifiprov","pop":"abcd1234""#);
    assert_eq!(verdict(&mut auth, SEC2), Ok(S::Sec2));
    assert_eq!(verdict(&mut auth, SEC1), fall(1, 2, Witness::SetupPayload));
}

/// The device of that user takes the proof: both went into it.
#[test]
fn the_user_name_and_pop_of_a_payload_are_those_sent() {
    let mut auth = payload(r#","username":"somebody","pop":"abcd1234","security":"2""#);
    let mut client = auth.begin(&info(SEC2), &mut Counter(0)).unwrap();
    let verifier = sec2::Verifier::generate(b"somebody", b"abcd1234", &[7; 16]).unwrap();
    let mut device = sec2::Device::new(verifier, sec2::Patch::CounterNonce);
    shake_hands(&mut client, &mut device);
    assert!(device.channel().is_some());
}

#[test]
fn a_device_that_falls_back_within_a_run_is_refused() {
    let by = Witness::EarlierAnswer;
    let pop = || Auto::new().with_pop(b"abcd1234").unwrap();

    let mut auth = pop();
    assert_eq!(verdict(&mut auth, SEC1), Ok(S::Sec1));
    assert_eq!(verdict(&mut auth, SEC2), Ok(S::Sec2), "stronger is welcome");
    assert_eq!(verdict(&mut auth, SEC1), fall(1, 2, by));
    assert_eq!(verdict(&mut auth, OLD), fall(1, 2, by));
    assert_eq!(verdict(&mut auth, SEC0), fall(0, 2, by));
    assert_eq!(
        verdict(&mut auth, SEC2),
        Ok(S::Sec2),
        "and the true one still serves"
    );

    // It counts whatever came of it: here nobody had a password yet.
    let mut auth = Auto::new();
    assert_eq!(verdict(&mut auth, SEC2), Err(E::PasswordMissing));
    let mut auth = auth.with_pop(b"abcd1234").unwrap();
    assert_eq!(verdict(&mut auth, SEC1), fall(1, 2, by));

    // Not even plain text that was allowed beforehand.
    let mut auth = Auto::new().allow_plaintext(true);
    assert_eq!(verdict(&mut auth, SEC1_NO_POP), Ok(S::Sec1));
    assert_eq!(verdict(&mut auth, SEC0), fall(0, 1, by));

    // A number that nobody knows raises nothing.
    let mut auth = pop();
    assert_eq!(verdict(&mut auth, FUTURE), Err(E::UnknownScheme(3)));
    assert_eq!(verdict(&mut auth, SEC1), Ok(S::Sec1));
}

#[test]
fn only_a_scheme_that_is_named_allows_a_fall() {
    let named = |auth: Auto, scheme| auth.with_choice(SecurityChoice::Exactly(scheme));
    let mut auth = named(
        payload(r#","pop":"abcd1234","security":"2""#),
        SecurityScheme::Sec1,
    );
    assert_eq!(verdict(&mut auth, SEC1), Ok(S::Sec1));
    assert_eq!(verdict(&mut auth, SEC0), mismatch(0, 1), "but not further");

    let mut auth = Auto::new().with_pop(b"abcd1234").unwrap();
    assert_eq!(verdict(&mut auth, SEC2), Ok(S::Sec2));
    let mut auth = named(auth, SecurityScheme::Sec1);
    assert_eq!(verdict(&mut auth, SEC1), Ok(S::Sec1));
    let mut auth = named(auth, SecurityScheme::Sec0);
    assert_eq!(
        verdict(&mut auth, SEC0),
        Err(E::SecurityDowngrade { offered: 0 }),
        "the PoP's own rule stands"
    );
    let mut auth = auth.allow_plaintext(true);
    assert_eq!(verdict(&mut auth, SEC0), Ok(S::Sec0));
}

#[test]
fn a_fall_says_who_said_what() {
    for (by, expected) in [
        (
            Witness::SetupPayload,
            "the device claims security 1, but its setup code says security 2",
        ),
        (
            Witness::EarlierAnswer,
            "the device claims security 1, but earlier it said security 2",
        ),
    ] {
        let (offered, said) = (1, 2);
        assert_eq!(
            std::format!("{}", E::SecurityFall { offered, said, by }),
            expected
        );
    }
}

/// Very old firmware answers with a bare version: it claims no scheme, so it contradicts none that was chosen.
#[test]
fn a_bare_version_contradicts_no_choice() {
    let bare = DeviceInfo::parse(b"v1.1").unwrap();
    let begin = |mut auth: Auto| {
        let handshake = auth.begin(&bare, &mut Counter(0))?;
        Ok::<_, PolicyError>(auth.security(&handshake))
    };
    let pop = Auto::new().with_pop(b"abcd1234").unwrap();
    for (scheme, security) in [
        (SecurityScheme::Sec0, S::Sec0),
        (SecurityScheme::Sec1, S::Sec1),
        (SecurityScheme::Sec2, S::Sec2),
    ] {
        let auth = pop.clone().allow_plaintext(true);
        assert_eq!(
            begin(auth.with_choice(SecurityChoice::Exactly(scheme))),
            Ok(security)
        );
    }
    let sec0 = SecurityChoice::Exactly(SecurityScheme::Sec0);
    assert_eq!(begin(Auto::new().with_choice(sec0)), Ok(S::Sec0));
    // What guards secrets still does.
    assert_eq!(
        begin(pop.clone().with_choice(sec0)),
        Err(E::SecurityDowngrade { offered: 0 })
    );
    // Without a choice it is taken for what such firmware mostly is.
    assert_eq!(begin(pop), Ok(S::Sec1));
}
