//! A dialogue alone: its session, its end, and what it does when the session is lost.

use super::*;
use crate::StatusCode;
use crate::call::testing::{Answer, Error, Play, lost};
use std::vec;
use std::vec::Vec;

/// Counts down from what it is told first. Tells what it went through.
#[derive(Default)]
struct CountDown {
    left: u8,
    rooms: Vec<usize>,
    setbacks: Vec<Setback>,
    /// How often it begins again.
    patience: usize,
    phase: Option<Phase>,
    /// It makes do with what it has when it fails.
    content: bool,
}

impl Dialogue for CountDown {
    type Output = (Vec<usize>, Vec<Setback>);

    fn begin(&mut self, room: usize) -> Result<(), ReplyError> {
        self.left = 3;
        self.rooms.push(room);
        Ok(())
    }

    fn endpoint(&self) -> Endpoint<'_> {
        Endpoint::CUSTOM_DATA
    }

    fn phase(&self) -> Phase {
        self.phase.unwrap_or(Phase::Data)
    }

    fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        out[0] = self.left;
        Ok(1)
    }

    fn handle(&mut self, reply: &[u8]) -> Result<Option<Self::Output>, ReplyError> {
        match reply {
            [verdict] => return Err(StatusCode::check((*verdict).into()).unwrap_err().into()),
            [] => self.left -= 1,
            _ => return Err(ReplyError::Malformed),
        }
        let over = (
            core::mem::take(&mut self.rooms),
            core::mem::take(&mut self.setbacks),
        );
        if self.left == 0 {
            return Ok(Some(over));
        }
        (self.rooms, self.setbacks) = over;
        Ok(None)
    }

    fn again(&mut self, setback: Setback) -> bool {
        self.setbacks.push(setback);
        self.setbacks.len() <= self.patience
    }

    fn salvage(&mut self) -> Option<Self::Output> {
        self.content.then(|| (Vec::new(), Vec::new()))
    }
}

const TAKEN: Error = ProvisionError::SessionTaken { phase: Phase::Data };
const LARGE: Error = ProvisionError::ReplyTooLarge { need: 70_000 };

/// The number of a question, and what comes of it.
type Odd = (usize, fn() -> Answer);

/// The rooms and the setbacks that it was told of.
type Said = (Vec<usize>, Vec<Setback>);

/// Plays with a device that answers nothing, but for these numbers of questions (sessions count).
fn play(patience: usize, odd: &[Odd]) -> (Vec<std::string::String>, Result<Said, Error>) {
    let mut play = Play::new();
    let mut call = Converse::new(CountDown {
        patience,
        ..CountDown::default()
    });
    let early = IntoResult::take_result(&mut call);
    assert_eq!(early, Err(Misuse::NotOver));
    let end = play.run(&mut call, |_, number| {
        let odd = odd.iter().find(|(at, _)| *at == number);
        odd.map_or_else(|| Answer::bytes(Vec::new()), |(_, answer)| answer())
    });
    (play.asked, end.map(|()| call.take_result().unwrap()))
}

#[test]
fn it_begins_with_a_session_and_ends_with_its_result() {
    let (asked, end) = play(0, &[]);
    assert_eq!(asked, ["-", "03", "02", "01"]);
    assert_eq!(end, Ok((vec![4096], vec![])));
}

#[test]
fn a_lost_session_is_its_end_unless_it_begins_again() {
    let taken = || Answer::error(TAKEN).may_go_on();
    let (asked, end) = play(0, &[(3, taken)]);
    assert_eq!((asked.len(), end), (3, Err(TAKEN)));
    let large = || Answer::error(LARGE);
    let (asked, end) = play(2, &[(3, taken), (5, large)]);
    assert_eq!(asked, ["-", "03", "02", "-", "03", "-", "03", "02", "01"]);
    let setbacks = vec![Setback::SessionTaken, Setback::ReplyTooLarge { need: 70_000 }];
    assert_eq!(end, Ok((vec![4096; 3], setbacks)));
    // Not where there is no time left, nor where nobody knows what became of the question.
    let (asked, end) = play(2, &[(2, || Answer::error(TAKEN))]);
    assert_eq!((asked.len(), end), (2, Err(TAKEN)));
    let (asked, end) = play(2, &[(3, || Answer::error(lost(Phase::Data)))]);
    assert_eq!((asked.len(), end), (3, Err(lost(Phase::Data))));
}

#[test]
fn verdicts_and_nonsense_are_errors_of_the_call() {
    let (_, end) = play(9, &[(2, || Answer::bytes(vec![4]))]);
    let code = StatusCode::InvalidArgument;
    let phase = Phase::Data;
    assert_eq!(end, Err(ProvisionError::Status { phase, code }));
    let (_, end) = play(9, &[(4, || Answer::bytes(vec![1, 2]))]);
    let error = ReplyError::Malformed.into();
    assert_eq!(end, Err(ProvisionError::Reply { phase, error }));
}

#[test]
fn what_stands_when_it_fails_is_its_result() {
    for answer in [
        || Answer::error(lost(Phase::Data)),
        || Answer::bytes(vec![4]),
        || Answer::bytes(vec![1, 2]),
    ] {
        let mut call = Converse::new(CountDown {
            content: true,
            ..CountDown::default()
        });
        assert_eq!(Play::new().run(&mut call, |_, _| answer()), Ok(()));
        assert_eq!(call.take_result(), Ok((vec![], vec![])));
    }
}

/// The engine repeats what is set or scanned in a session of its own: a dialogue is not one question.
#[test]
fn nothing_is_repeated_behind_its_back() {
    for (said, counts_as) in [
        (Phase::Set, Phase::Data),
        (Phase::Scan, Phase::Query),
        (Phase::Data, Phase::Data),
        (Phase::Query, Phase::Query),
        (Phase::Control, Phase::Control),
    ] {
        let talk = Talk(CountDown {
            phase: Some(said),
            ..CountDown::default()
        });
        assert_eq!(Request::phase(&talk), counts_as, "{said:?}");
    }
}

/// One question, and nothing beyond what has to be said.
struct Plain;

impl Dialogue for Plain {
    type Output = ();

    fn begin(&mut self, _: usize) -> Result<(), ReplyError> {
        Ok(())
    }

    fn endpoint(&self) -> Endpoint<'_> {
        Endpoint::CUSTOM_DATA
    }

    fn encode(&self, _: &mut [u8]) -> Result<usize, EncodeError> {
        Ok(0)
    }

    fn handle(&mut self, _: &[u8]) -> Result<Option<()>, ReplyError> {
        Ok(Some(()))
    }
}

#[test]
fn one_that_does_not_say_so_does_not_begin_again() {
    for error in [TAKEN, LARGE] {
        let mut play = Play::new();
        let end = play.run(&mut Converse::new(Plain), |_, _| Answer::error(error).may_go_on());
        assert_eq!((end, play.asked.len()), (Err(error), 2));
    }
}
