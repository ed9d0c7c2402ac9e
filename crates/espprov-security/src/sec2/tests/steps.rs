//! The client's long arithmetic in steps: the same bytes, and no step longer than was allowed.

use super::{PASSWORD, USER, device, python_made, second_try, verifier};
use crate::sec2::group::COMB;
use crate::sec2::mont::count;
use crate::sec2::{Client, Device, Patch};
use crate::testing::{answer, converse, poll, request, rng};
use crate::{Budget, DeviceHandshake, Handshake, HandshakeError as E, Progress};
use proptest::prelude::*;
use std::vec::Vec;

/// A client whose messages do not change.
fn fixed() -> Client {
    Client::dangerous_with_private_number(USER, PASSWORD, Some(1), &[0x5a; 32]).unwrap()
}

/// Computes what the next request takes, with these budgets in turn; no step may take more. Gives the number of steps.
fn compute(client: &mut Client, mut budgets: impl Iterator<Item = u32>) -> usize {
    for step in 1.. {
        let budget = budgets.next().expect("budgets without end");
        count::taken();
        let progress = client.compute(Budget::products(budget)).unwrap();
        let taken = count::taken();
        assert!(taken <= budget.max(1) as usize, "{taken} products of {budget}");
        if progress == Progress::Done {
            count::taken();
            assert_eq!(
                client.compute(Budget::products(1)),
                Ok(Progress::Done),
                "and stays done"
            );
            assert_eq!(count::taken(), 0);
            return step;
        }
        assert!(step < 100_000, "it comes to no end");
    }
    unreachable!()
}

/// The requests of a handshake with `device`, and the steps that each took.
fn requests(
    client: &mut Client,
    device: &mut Device,
    mut before: impl FnMut(&mut Client) -> usize,
) -> (Vec<Vec<u8>>, Vec<usize>) {
    let (mut requests, mut steps, mut rng) = (Vec::new(), Vec::new(), rng(2));
    loop {
        steps.push(before(client));
        let Some(request) = poll(client).unwrap() else {
            return (requests, steps);
        };
        let response = answer(device, &request, &mut rng).unwrap();
        client.handle_response(&response).unwrap();
        requests.push(request);
    }
}

#[test]
fn any_budget_gives_the_bytes_of_one_step() {
    let (whole, _) = requests(&mut fixed(), &mut device(Patch::CounterNonce), |_| 0);
    for budget in [0, 1, 2, 3, 6, 7, 100, 1800, u32::MAX] {
        let (mut client, mut device) = (fixed(), device(Patch::CounterNonce));
        let (stepped, steps) = requests(&mut client, &mut device, |client| {
            compute(client, core::iter::repeat(budget))
        });
        assert_eq!(stepped, whole, "{budget}");
        if budget <= 1 {
            // 256 bits of exponent, then 512 and 1024: with a comb, what is known beforehand shortens the first two.
            let (first, second) = if COMB.is_some() { (90, 1300) } else { (250, 1700) };
            assert!(steps[0] > first && steps[1] > second, "{steps:?}");
        }
        if budget == u32::MAX {
            assert_eq!(steps, [1, 1, 1]);
        }
        converse(&mut client.into_channel().unwrap(), device.channel().unwrap());
    }
}

/// The proofs cost more than one product, so they are not done along with the last one.
#[test]
fn the_proofs_are_a_step_of_their_own() {
    let (mut client, mut device) = (fixed(), device(Patch::CounterNonce));
    let response = answer(&mut device, &request(&mut client), &mut rng(2)).unwrap();
    client.handle_response(&response).unwrap();
    loop {
        count::taken();
        let progress = client.compute(Budget::products(1)).unwrap();
        if progress == Progress::Done {
            break;
        }
    }
    assert_eq!(count::taken(), 0);
}

/// What a request needs is computed with it, if nobody has done so before, and answers are taken without any.
#[test]
fn what_is_left_is_done_with_the_request() {
    let (whole, _) = requests(&mut fixed(), &mut device(Patch::CounterNonce), |_| 0);
    for some in [1, 2, 94, 95, 96, 255, 256, 600] {
        let (begun, _) = requests(&mut fixed(), &mut device(Patch::CounterNonce), |client| {
            let _ = client.compute(Budget::products(some)).unwrap();
            0
        });
        assert_eq!(begun, whole, "{some}");
    }
    let mut client = fixed();
    count::taken();
    let command = request(&mut client);
    assert!(count::taken() > 90);
    let response = answer(&mut device(Patch::CounterNonce), &command, &mut rng(2)).unwrap();
    count::taken();
    client.handle_response(&response).unwrap();
    assert_eq!(count::taken(), 0, "long arithmetic while an answer is taken");
}

#[test]
fn it_may_be_called_at_any_time() {
    let mut client = fixed();
    let mut device = device(Patch::CounterNonce);
    let command = request(&mut client);
    assert_eq!(
        client.compute(Budget::products(1)),
        Ok(Progress::Done),
        "a response is awaited"
    );
    let response = answer(&mut device, &command, &mut rng(2)).unwrap();
    client.handle_response(&response).unwrap();
    assert_eq!(client.compute(Budget::products(1)), Ok(Progress::Busy));
    let command = request(&mut client);
    let response = answer(&mut device, &command, &mut rng(2)).unwrap();
    client.handle_response(&response).unwrap();
    assert_eq!(
        client.compute(Budget::products(1)),
        Ok(Progress::Done),
        "the session is there"
    );

    let mut client = fixed();
    request(&mut client);
    assert_eq!(client.handle_response(b"\xff"), Err(E::Malformed));
    assert_eq!(client.compute(Budget::UNLIMITED), Err(E::Poisoned));
    // A response that comes while it computes is out of turn, as it is before the first request.
    let mut client = fixed();
    let _ = client.compute(Budget::products(9)).unwrap();
    assert_eq!(client.handle_response(&response), Err(E::OutOfTurn));
}

/// The second try, with the digest in its other form, is computed in steps too.
#[test]
fn the_second_try_in_steps() {
    let (password, verifier) = python_made();
    for link_alive in [true, false] {
        let mut device = Device::new(verifier.clone(), Patch::CounterNonce);
        let mut client = Client::new(USER, &password, Some(1), &mut rng(8)).unwrap();
        let response = answer(&mut device, &request(&mut client), &mut rng(9)).unwrap();
        client.handle_response(&response).unwrap();
        let command = request(&mut client);
        assert_eq!(answer(&mut device, &command, &mut rng(9)), Err(E::WrongProof));
        count::taken();
        let retry = client.handle_refusal(link_alive).unwrap();
        assert_eq!(count::taken(), 0, "long arithmetic while a refusal is taken");
        assert_eq!(retry, second_try(link_alive));
        let before = |client: &mut Client| compute(client, core::iter::repeat(50));
        requests(&mut client, &mut device, before);
        converse(&mut client.into_channel().unwrap(), device.channel().unwrap());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn budgets_of_all_sizes_in_turn(budgets in proptest::collection::vec(0_u32..400, 1..20), seed: u64) {
        let mut client = Client::new(USER, PASSWORD, Some(1), &mut rng(seed)).unwrap();
        let mut device = Device::new(verifier(), Patch::CounterNonce);
        let mut budgets = budgets.iter().copied().cycle();
        requests(&mut client, &mut device, |client| compute(client, budgets.by_ref()));
        converse(&mut client.into_channel().unwrap(), device.channel().unwrap());
    }
}
