//! Local control, after decryption: what a device answers, and what a client asks.

use espprov_core::call::Dialogue;
use espprov_core::request::Request;
use espprov_local_ctrl::device::{Changes, Entry, Properties, Rejected, Rules, answer};
use espprov_local_ctrl::{
    Change, CountProperties, GetProperties, List, Property, Protocol, Set, SetProperties,
};

const LOCAL: Protocol = Protocol::ESP_LOCAL_CTRL;

/// Replies: the first byte chooses what was asked, the second how many indices there were. Dialogues take the replies of a whole
/// conversation, each with its length before it.
pub fn local_ctrl_reply(data: &[u8]) {
    let &[request, count, ref reply @ ..] = data else {
        return;
    };
    match request % 5 {
        0 => {
            if let Ok(count) = CountProperties::new(&LOCAL).decode(reply) {
                assert!(count <= espprov_local_ctrl::MAX_PROPERTIES);
            }
        }
        1 => {
            let indices: Vec<u32> = (0..count.into()).collect();
            let Ok(get) = GetProperties::new(&LOCAL, &indices) else {
                return;
            };
            if let Ok(found) = get.decode(reply) {
                assert_eq!(found.len(), usize::from(count));
                for property in &found {
                    let _ = (
                        property.typed().map(|value| value.to_string()),
                        format!("{property:?}"),
                    );
                }
            }
        }
        2 => {
            let values = [(0, &b"x"[..])];
            if let Ok(set) = SetProperties::new(&LOCAL, &values) {
                let _ = set.decode(reply);
            }
        }
        3 => converse(List::new(&LOCAL), reply),
        _ => {
            let property = Property::new(0, String::from("a"), 3, Vec::new());
            let changes = [Change {
                property: &property,
                value: b"x",
            }];
            if let Ok(set) = Set::new(&LOCAL, &changes) {
                converse(set, reply);
            }
        }
    }
}

fn converse<D: Dialogue>(mut dialogue: D, mut replies: &[u8]) {
    if dialogue.begin(4096).is_err() {
        return;
    }
    while let Some((&len, rest)) = replies.split_first() {
        let (reply, rest) = rest.split_at(usize::from(len).min(rest.len()));
        replies = rest;
        // Whatever the device said, there is a question, and it is not empty.
        let mut request = [0; 8192];
        assert!(dialogue.encode(&mut request).is_ok_and(|len| len > 0));
        if !matches!(dialogue.handle(reply), Ok(None)) {
            return;
        }
    }
}

/// Three properties, one of a fixed length.
struct Table([Vec<u8>; 3]);

impl Properties for Table {
    fn count(&self) -> u32 {
        3
    }

    fn read(&mut self, index: u32, give: &mut dyn FnMut(&Entry<'_>)) -> Result<(), Rejected> {
        give(&Entry::new("name", index, &self.0[index as usize]));
        Ok(())
    }

    fn size(&self, index: u32) -> Option<usize> {
        (index == 1).then_some(4)
    }

    fn set(&mut self, changes: Changes<'_>) -> Result<(), Rejected> {
        for (index, value) in changes {
            assert!(index != 1 || value.len() == 4, "looked at before");
            self.0[index as usize] = value.to_vec();
        }
        Ok(())
    }
}

/// Requests to a device: an answer is a message, and fits where it is to go.
pub fn local_ctrl_request(data: &[u8]) {
    let mut table = Table([Vec::new(), vec![0; 4], b"text".to_vec()]);
    let mut reply = [0; 300];
    if let Ok(len) = answer(&mut table, Rules::default(), data, &mut reply) {
        assert!(espprov_local_ctrl::Message::read(&reply[..len]).is_ok_and(|message| message.msg % 2 == 1));
    }
}
