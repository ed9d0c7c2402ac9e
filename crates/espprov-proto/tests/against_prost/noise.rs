//! Bytes to read: valid messages, messages that occur twice, damaged ones, and well-formed nonsense.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// A field of no message in particular.
#[derive(Debug, Clone)]
enum Node {
    Varint(u64),
    Fixed64(u64),
    Fixed32(u32),
    Bytes(Vec<u8>),
    Message(Vec<(u32, Self)>),
    Group(u32),
}

/// Numbers that mean something at one level or another, and two that never do.
fn number() -> impl Strategy<Value = u32> + Clone {
    select((1..=7).chain(10..=23).chain([24, 100]).collect::<Vec<u32>>())
}

fn node() -> impl Strategy<Value = Node> + Clone {
    let leaf = prop_oneof![
        6 => (0..8_u64).prop_map(Node::Varint),
        2 => prop_oneof![any::<u64>(), select(vec![1 << 31, 1 << 32, u64::MAX])].prop_map(Node::Varint),
        1 => any::<u64>().prop_map(Node::Fixed64),
        1 => any::<u32>().prop_map(Node::Fixed32),
        4 => vec(any::<u8>(), 0..8).prop_map(Node::Bytes),
        1 => number().prop_map(Node::Group),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        vec((number(), inner), 0..5).prop_map(Node::Message)
    })
}

fn encode(fields: &[(u32, Node)], out: &mut Vec<u8>) {
    for (number, node) in fields {
        let mut key = |wire: u64| varint(u64::from(*number) << 3 | wire, out);
        match node {
            Node::Varint(value) => {
                key(0);
                varint(*value, out);
            }
            Node::Fixed64(value) => {
                key(1);
                out.extend(value.to_le_bytes());
            }
            Node::Bytes(bytes) => {
                key(2);
                varint(bytes.len() as u64, out);
                out.extend(bytes);
            }
            Node::Message(fields) => {
                let mut bytes = Vec::new();
                encode(fields, &mut bytes);
                key(2);
                varint(bytes.len() as u64, out);
                out.extend(bytes);
            }
            Node::Group(end) => {
                key(3);
                varint(u64::from(*end) << 3 | 4, out);
            }
            Node::Fixed32(value) => {
                key(5);
                out.extend(value.to_le_bytes());
            }
        }
    }
}

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// One changed, inserted or removed byte, or a cut.
#[derive(Debug, Clone)]
enum Damage {
    Change(Index, u8),
    Insert(Index, u8),
    Remove(Index),
    Cut(Index),
}

impl Damage {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let (Self::Change(at, _) | Self::Insert(at, _) | Self::Remove(at) | Self::Cut(at)) = self;
        if bytes.is_empty() {
            return;
        }
        let at = at.index(bytes.len());
        match self {
            Self::Change(_, value) => bytes[at] = *value,
            Self::Insert(_, value) => bytes.insert(at, *value),
            Self::Remove(_) => drop(bytes.remove(at)),
            Self::Cut(_) => bytes.truncate(at),
        }
    }
}

fn damage() -> impl Strategy<Value = Vec<Damage>> {
    vec(
        prop_oneof![
            4 => (any::<Index>(), any::<u8>()).prop_map(|(at, value)| Damage::Change(at, value)),
            1 => (any::<Index>(), any::<u8>()).prop_map(|(at, value)| Damage::Insert(at, value)),
            1 => any::<Index>().prop_map(Damage::Remove),
            1 => any::<Index>().prop_map(Damage::Cut),
        ],
        0..3,
    )
}

/// Inputs for a reader of the messages that `valid` makes.
pub(crate) fn inputs(valid: impl Strategy<Value = Vec<u8>> + Clone) -> impl Strategy<Value = Vec<u8>> {
    let nonsense = vec((number(), node()), 0..6).prop_map(|fields| {
        let mut bytes = Vec::new();
        encode(&fields, &mut bytes);
        bytes
    });
    prop_oneof![
        2 => valid.clone(),
        // One after the other is one message: scalars are overwritten, embedded messages merged.
        3 => vec(prop_oneof![3 => valid.clone(), 1 => nonsense.clone()], 2..4).prop_map(|all| all.concat()),
        3 => (valid, damage()).prop_map(|(mut bytes, damage)| {
            damage.iter().for_each(|d| d.apply(&mut bytes));
            bytes
        }),
        3 => nonsense,
        1 => vec(any::<u8>(), 0..80),
    ]
}
