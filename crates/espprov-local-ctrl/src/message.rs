//! The one message of the endpoint, both ways, as a view of borrowed bytes. Nothing in it has been checked against anything:
//! `msg` and `case` say what it is.

use espprov_proto::Malformed;
use espprov_proto::wire::{Fields, Kind, Oneof, Packed, Rule, Shape, Table, Value, read};

/// Numbers of the messages, `msg`. The reply has the next one. Each has a content, whose field number is unrelated.
pub mod kind {
    /// How many properties are there?
    pub const GET_COUNT: u32 = 0;
    /// Properties, by their indices.
    pub const GET_VALUES: u32 = 4;
    /// New values, by the properties' indices.
    pub const SET_VALUES: u32 = 6;

    /// The field that carries the content of a request, `cmd_get_prop_count` and so on; the reply's is the next one.
    #[must_use]
    pub const fn content(msg: u32) -> Option<u32> {
        match msg {
            GET_COUNT => Some(10),
            GET_VALUES => Some(12),
            SET_VALUES => Some(14),
            _ => None,
        }
    }
}

/// `LocalCtrlMessage`.
#[derive(Clone, Copy)]
pub struct Message<'b> {
    /// `msg`.
    pub msg: u32,
    /// Field number of the content, 0 = none.
    pub case: u32,
    /// The device's verdict, if the content is that of a reply.
    pub status: i32,
    /// `count`, if the content is the reply to [`kind::GET_COUNT`].
    pub count: u32,
    /// The message from the first field with this content on.
    content: &'b [u8],
}

const fn rule(number: u8, kind: Kind) -> Rule {
    Rule { number, kind }
}

const fn fields(rules: &'static [Rule]) -> Shape {
    Shape { rules, oneof: None }
}

/// Lists are not looked into here: each has a reader of its own.
static LIST: Shape = fields(&[]);
static VERDICT: Shape = fields(&[rule(1, Kind::Int(2))]);
static MESSAGE: Table<4> = Table::new(Shape {
    rules: &[
        rule(1, Kind::Int(0)),
        rule(10, Kind::Message(&LIST)),
        rule(
            11,
            Kind::Message(&fields(&[rule(1, Kind::Int(2)), rule(2, Kind::Int(3))])),
        ),
        rule(12, Kind::Message(&LIST)),
        rule(13, Kind::Message(&VERDICT)),
        rule(14, Kind::Message(&LIST)),
        rule(15, Kind::Message(&VERDICT)),
    ],
    oneof: Some(Oneof {
        first: 10,
        last: 15,
        slot: 1,
        end: 4,
    }),
});

impl<'b> Message<'b> {
    /// Reads a message, up to its lists.
    ///
    /// # Errors
    /// [`Malformed`] for anything that is no message of this endpoint.
    pub fn read(message: &'b [u8]) -> Result<Self, Malformed> {
        let [msg, case, status, count] = read(&MESSAGE, message)?;
        Ok(Self {
            msg: msg.int,
            case: case.int,
            status: status.signed(),
            count: count.int,
            content: case.bytes,
        })
    }

    /// The indices, if this asks for values.
    #[must_use]
    pub const fn indices(&self) -> Indices<'b> {
        Indices {
            fields: self.list(12),
            packed: Packed::new(&[]),
        }
    }

    /// The properties, if this is the reply with values: one encoded [`Info`] each.
    #[must_use]
    pub const fn properties(&self) -> Entries<'b> {
        Entries {
            fields: self.list(13),
            number: 2,
        }
    }

    /// The new values, if this is the request to set them.
    #[must_use]
    pub const fn values(&self) -> Values<'b> {
        Values(Entries {
            fields: self.list(14),
            number: 1,
        })
    }

    const fn list(&self, case: u32) -> ContentFields<'b> {
        ContentFields {
            case,
            contents: Fields::new(if self.case == case { self.content } else { &[] }),
            inner: Fields::new(&[]),
        }
    }
}

impl core::fmt::Debug for Message<'_> {
    /// Shows no values: what they are is the application's business.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Message")
            .field("msg", &self.msg)
            .field("case", &self.case)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// The fields of a content. One that occurs twice is merged, which for a list means: both lists, one after the other.
#[derive(Clone)]
struct ContentFields<'b> {
    case: u32,
    contents: Fields<'b>,
    inner: Fields<'b>,
}

impl<'b> ContentFields<'b> {
    /// The value of the next field with this number.
    fn next(&mut self, number: u32) -> Option<Result<Value<'b>, Malformed>> {
        loop {
            match self.inner.next() {
                Some(Ok((found, value))) if found == number => return Some(Ok(value)),
                Some(Ok(_)) => {}
                Some(Err(Malformed)) => return Some(Err(Malformed)),
                None => match self.contents.next()? {
                    Ok((case, Value::Bytes(content))) if case == self.case => {
                        self.inner = Fields::new(content);
                    }
                    Ok(_) => {}
                    Err(Malformed) => return Some(Err(Malformed)),
                },
            }
        }
    }
}

/// The indices of a request for values, packed or one by one.
#[derive(Clone)]
pub struct Indices<'b> {
    fields: ContentFields<'b>,
    packed: Packed<'b>,
}

impl Iterator for Indices<'_> {
    type Item = Result<u32, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            // As protobuf has it: what does not fit 32 bits is cut.
            match self.packed.next() {
                Some(number) => return Some(number.map(|number| number as u32)),
                None => match self.fields.next(1)? {
                    Ok(Value::Varint(number)) => return Some(Ok(number as u32)),
                    Ok(Value::Bytes(packed)) => self.packed = Packed::new(packed),
                    Ok(Value::Fixed(_)) | Err(Malformed) => return Some(Err(Malformed)),
                },
            }
        }
    }
}

/// The entries of a list, read one by one: a message that claims thousands costs nothing.
#[derive(Clone)]
pub struct Entries<'b> {
    fields: ContentFields<'b>,
    number: u32,
}

impl<'b> Iterator for Entries<'b> {
    type Item = Result<&'b [u8], Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(match self.fields.next(self.number)? {
            Ok(Value::Bytes(entry)) => Ok(entry),
            _ => Err(Malformed),
        })
    }
}

/// One property of a reply: `PropertyInfo`.
#[derive(Clone, Copy)]
pub struct Info<'b> {
    /// `status`, which devices never set.
    pub status: i32,
    /// `name`. Need not be UTF-8 here.
    pub name: &'b [u8],
    /// `type`.
    pub kind: u32,
    /// `flags`.
    pub flags: u32,
    /// `value`.
    pub value: &'b [u8],
}

static INFO: Table<5> = Table::new(fields(&[
    rule(1, Kind::Int(0)),
    rule(2, Kind::Bytes(1)),
    rule(3, Kind::Int(2)),
    rule(4, Kind::Int(3)),
    rule(5, Kind::Bytes(4)),
]));

impl<'b> Info<'b> {
    /// Reads an entry.
    ///
    /// # Errors
    /// [`Malformed`] for anything that is no such message.
    pub fn read(entry: &'b [u8]) -> Result<Self, Malformed> {
        let [status, name, kind, flags, value] = read(&INFO, entry)?;
        Ok(Self {
            status: status.signed(),
            name: name.bytes,
            kind: kind.int,
            flags: flags.int,
            value: value.bytes,
        })
    }
}

impl core::fmt::Debug for Info<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Info")
            .field("name", &self.name.escape_ascii())
            .field("kind", &self.kind)
            .field("flags", &self.flags)
            .finish_non_exhaustive()
    }
}

/// The new values of a request to set them: index and bytes.
#[derive(Clone)]
pub struct Values<'b>(Entries<'b>);

static VALUE: Table<2> = Table::new(fields(&[rule(1, Kind::Int(0)), rule(2, Kind::Bytes(1))]));

impl<'b> Iterator for Values<'b> {
    type Item = Result<(u32, &'b [u8]), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.0.next()?;
        Some(entry.and_then(|entry| {
            let [index, value] = read(&VALUE, entry)?;
            Ok((index.int, value.bytes))
        }))
    }
}

macro_rules! hides_its_content {
    ($($list:ident)*) => {
        $(
            /// Values may be secrets of the application.
            impl core::fmt::Debug for $list<'_> {
                fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                    f.debug_struct(stringify!($list)).finish_non_exhaustive()
                }
            }
        )*
    };
}

hides_its_content!(Indices Entries Values);

#[cfg(test)]
#[path = "message_tests.rs"]
pub(crate) mod tests;
