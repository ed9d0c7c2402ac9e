//! Types that scenario files and command lines name.

/// Reads `$named`, which has `ALL` and `name`; what has no such name is `$unknown`, an error that says which there are.
macro_rules! by_name {
    ($named:ident, $unknown:ident) => {
        impl core::str::FromStr for $named {
            type Err = $unknown;

            fn from_str(text: &str) -> Result<Self, $unknown> {
                let found = Self::ALL.into_iter().find(|one| one.name() == text);
                found.ok_or($unknown)
            }
        }

        impl core::error::Error for $unknown {}
    };
}

pub(crate) use by_name;
