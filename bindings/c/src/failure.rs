//! Errors as text for C.

use core::ffi::CStr;
use espprov::error::Stage;
use espprov::{Class, Error};
use espprov_core::ProvisionError;
use std::ffi::CString;

use crate::types::{EspprovClass, EspprovError, EspprovRetry};

/// An error whose texts end with a NUL. Holds no secret, as the error it is made of.
pub(crate) struct Failure {
    class: EspprovClass,
    retry: EspprovRetry,
    code: CString,
    message: CString,
    cause: CString,
    help: CString,
    needed: usize,
    limit: usize,
}

/// The text as C knows it. What a device said may have a NUL in it; what follows it would be lost.
fn text(text: &str) -> CString {
    let bytes: Vec<u8> = text.bytes().filter(|&byte| byte != 0).collect();
    // Every NUL is gone, so this is never the default.
    CString::new(bytes).unwrap_or_default()
}

impl Failure {
    /// The same with the sizes that the engine's error names.
    pub(crate) fn with_sizes<E>(mut self, error: &ProvisionError<E>) -> Self {
        match error {
            ProvisionError::RequestTooLarge { need, limit } => (self.needed, self.limit) = (*need, *limit),
            ProvisionError::ReplyTooLarge { need } => self.needed = *need,
            _ => {}
        }
        self
    }

    pub(crate) fn to_c(&self) -> EspprovError {
        let pointer = |text: &CStr| text.as_ptr();
        EspprovError {
            size: 0,
            error_class: self.class,
            retry: self.retry,
            code: pointer(&self.code),
            message: pointer(&self.message),
            cause: pointer(&self.cause),
            help: pointer(&self.help),
            bytes_needed: self.needed,
            bytes_limit: self.limit,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            class: match error.class() {
                Class::Usage => EspprovClass::Usage,
                Class::Link => EspprovClass::Link,
                Class::Credentials => EspprovClass::Credentials,
                Class::Policy => EspprovClass::Policy,
                Class::Refused => EspprovClass::Refused,
                Class::AuthFailed => EspprovClass::AuthFailed,
                Class::NetworkNotFound => EspprovClass::NetworkNotFound,
                Class::Deadline => EspprovClass::Deadline,
                Class::Unconfirmed => EspprovClass::Unconfirmed,
                Class::Interrupted => EspprovClass::Interrupted,
                _ => EspprovClass::Unexpected,
            },
            retry: match error.retry() {
                None => EspprovRetry::No,
                Some(Stage::Early) => EspprovRetry::Early,
                Some(Stage::Late) => EspprovRetry::Late,
                Some(_) => EspprovRetry::No,
            },
            code: text(error.code()),
            message: text(error.message()),
            cause: text(error.cause()),
            help: text(error.help()),
            needed: 0,
            limit: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_end_where_they_end() {
        let error = Error::new(Class::Link, "code", "a\0b").with_help("help");
        let failure = Failure::from(error);
        assert_eq!(failure.message.as_c_str(), c"ab");
        assert_eq!(failure.cause.as_c_str(), c"");
        assert_eq!(failure.to_c().error_class, EspprovClass::Link);
    }
}
