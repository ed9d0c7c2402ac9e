//! Listing and setting, against the device half and its table.

use crate::testing::{INVALID, LOCAL, Table, talk};
use crate::{Change, List, NotSet, Property, Set};
use espprov_core::call::{Dialogue, Setback};
use espprov_core::{Phase, ReplyError};
use std::string::ToString;
use std::vec;
use std::vec::Vec;

fn listed(table: &mut Table) -> Vec<Property> {
    talk(&mut List::new(&LOCAL), table, 4096, |_, _| {}).1.unwrap()
}

#[test]
fn all_at_once_where_there_is_room_and_one_by_one_where_there_is_not() {
    let mut table = Table::recorded();
    let (asked, found) = talk(&mut List::new(&LOCAL), &mut table, 4096, |_, _| {});
    assert_eq!(asked, ["5200", "080462060a0400010203"]);
    let found = found.unwrap();
    let names: Vec<_> = found.iter().map(|property| property.name.as_str()).collect();
    assert_eq!(names, ["timestamp (us)", "property1", "property2", "property3"]);
    assert_eq!((found[1].index, found[1].kind, found[1].value[0]), (1, 1, 0x15));
    // The value of a characteristic, less the tag.
    let (asked, one_by_one) = talk(&mut List::new(&LOCAL), &mut table, 496, |_, _| {});
    assert_eq!(
        asked,
        [
            "5200",
            "080462030a0100",
            "080462030a0101",
            "080462030a0102",
            "080462030a0103"
        ]
    );
    assert_eq!(one_by_one, Ok(found));
    let (asked, groups) = talk(&mut List::new(&LOCAL), &mut Table::large(5, 9), 1024, |_, _| {});
    assert_eq!((asked.len(), groups.unwrap().len()), (4, 5));
}

#[test]
fn no_property_is_not_asked_for() {
    let (asked, found) = talk(&mut List::new(&LOCAL), &mut Table(vec![]), 4096, |_, _| {});
    assert_eq!((asked.len(), found), (1, Ok(vec![])));
}

#[test]
fn too_large_a_reply_is_asked_for_in_halves() {
    let mut list = List::new(&LOCAL);
    let mut sizes = vec![];
    list.begin(4096).unwrap();
    let large = Setback::ReplyTooLarge { need: 9999 };
    assert!(!list.again(large), "the count itself");
    for _ in 0..9 {
        list.begin(4096).unwrap();
        assert_eq!(list.handle(&[0x08, 1, 0x5a, 2, 0x10, 7]), Ok(None));
        let mut out = [0; 64];
        sizes.push(list.encode(&mut out).unwrap() - 6);
        if !list.again(large) {
            break;
        }
    }
    assert_eq!(sizes, [7, 3, 1]);
    assert!(list.again(Setback::SessionTaken));
}

#[test]
fn a_list_that_shrinks_meanwhile_is_told() {
    let shrink = |number: usize, table: &mut Table| table.0.truncate(if number > 1 { 2 } else { 9 });
    let (_, found) = talk(&mut List::new(&LOCAL), &mut Table::recorded(), 4096, shrink);
    assert_eq!(found, Err(ReplyError::Status(INVALID)));
}

const fn change<'p>(found: &'p [Property], index: usize, value: &'p [u8]) -> Change<'p> {
    Change {
        property: &found[index],
        value,
    }
}

#[test]
fn what_is_set_is_looked_at_before() {
    let mut table = Table::recorded();
    let found = listed(&mut table);
    let changes = [change(&found, 3, b"new"), change(&found, 1, &[1, 0, 0, 0])];
    let mut set = Set::new(&LOCAL, &changes).unwrap();
    assert_eq!(Dialogue::phase(&set), Phase::Query);
    let (asked, done) = talk(&mut set, &mut table, 4096, |_, _| {});
    assert_eq!(done, Ok(Ok(())));
    assert_eq!(asked[0], "080462040a020301");
    assert_eq!(asked[1], "080672130a07080312036e65770a080801120401000000");
    assert_eq!((asked.len(), &table.0[3].4[..]), (2, &b"new"[..]));
    assert_eq!(Dialogue::phase(&set), Phase::Data, "values may be secrets");
}

#[test]
fn a_table_that_moved_is_left_alone() {
    for alter in [
        |table: &mut Table| drop(table.0.remove(0)),
        |table: &mut Table| table.0.truncate(2),
        |table: &mut Table| table.0[3].0 = "other",
        |table: &mut Table| table.0[3].1 = 1,
    ] {
        let mut table = Table::recorded();
        let found = listed(&mut table);
        alter(&mut table);
        let before = table.0.clone();
        let changes = [change(&found, 3, b"new")];
        let (asked, done) = talk(
            &mut Set::new(&LOCAL, &changes).unwrap(),
            &mut table,
            4096,
            |_, _| {},
        );
        assert_eq!((asked.len(), done), (1, Ok(Err(NotSet::Moved))));
        assert!(table.0 == before);
    }
}

#[test]
fn after_a_refusal_it_is_known_what_has_changed() {
    let mut table = Table::recorded();
    let found = listed(&mut table);
    let change = |index: usize, value: &'static [u8]| change(&found, index, value);
    for (changes, now, partly) in [
        (vec![change(3, b"new"), change(2, &[0])], vec![true, false], true),
        (
            vec![change(2, &[0]), change(3, b"other")],
            vec![false, false],
            false,
        ),
        (vec![change(3, b"FAIL")], vec![false], false),
        // It is what it was to be already.
        (vec![change(2, &[1])], vec![true], false),
    ] {
        let (asked, done) = talk(
            &mut Set::new(&LOCAL, &changes).unwrap(),
            &mut table,
            4096,
            |_, _| {},
        );
        let Ok(Err(NotSet::Refused(refused))) = done else {
            panic!("{done:?}");
        };
        assert_eq!((asked.len(), &refused.now), (3, &Some(now)));
        assert_eq!(refused.is_partly_applied(), partly);
        assert_eq!(
            NotSet::Refused(refused).to_string().contains("others have not"),
            partly
        );
    }
}

#[test]
fn a_refusal_stands_though_nothing_can_be_read_after_it() {
    let mut table = Table::recorded();
    let found = listed(&mut table);
    let changes = [change(&found, 3, b"new"), change(&found, 2, &[0])];
    let spoil = |number: usize, table: &mut Table| {
        if number == 3 {
            table.0[3].4 = b"UNREADABLE".to_vec();
        }
    };
    let mut set = Set::new(&LOCAL, &changes).unwrap();
    assert_eq!(set.salvage(), None, "nothing was refused");
    let (_, done) = talk(&mut set, &mut table, 4096, spoil);
    let Ok(Err(NotSet::Refused(refused))) = done else {
        panic!("{done:?}");
    };
    assert_eq!((refused.code, refused.now), (INVALID, None));
}

#[test]
fn what_was_sent_is_not_sent_again() {
    let mut table = Table::recorded();
    let found = listed(&mut table);
    let changes = [change(&found, 3, b"hunter22")];
    let mut set = Set::new(&LOCAL, &changes).unwrap();
    set.begin(4096).unwrap();
    assert!(set.again(Setback::SessionTaken));
    assert!(
        !set.again(Setback::ReplyTooLarge { need: 9999 }),
        "one is the least"
    );
    talk(&mut set, &mut table, 4096, |_, _| {}).1.unwrap().unwrap();
    assert!(!set.again(Setback::SessionTaken));
    let shown = std::format!("{set:?}");
    assert!(!shown.contains("hunter22") && !shown.contains("104"), "{shown}");
}
