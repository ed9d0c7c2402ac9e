//! Texts and lists of bounded length, without a heap.
//!
//! They stand in public fields, so they are types of this crate's own: what holds their bytes can change without a
//! new version of it.

use crate::TooLong;
use core::fmt;
use core::ops::Deref;
use core::str::FromStr;

/// A text of at most `N` bytes of UTF-8. It reads as a `&str`.
///
/// ```
/// use espprov_types::ShortStr;
///
/// let name = ShortStr::<32>::new("PROV_1A2B")?;
/// assert!(name == "PROV_1A2B" && name.starts_with("PROV_"));
/// assert!(ShortStr::<4>::new("PROV_1A2B").is_err());
/// # Ok::<(), espprov_types::TooLong>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ShortStr<const N: usize>(heapless::String<N>);

impl<const N: usize> ShortStr<N> {
    /// Copies the text in.
    ///
    /// # Errors
    /// [`TooLong`] for more than `N` bytes.
    pub fn new(text: &str) -> Result<Self, TooLong> {
        heapless::String::try_from(text).map(Self).map_err(|_| TooLong)
    }

    /// As many characters as fit into `N` bytes.
    #[must_use]
    pub fn cut(chars: impl IntoIterator<Item = char>) -> Self {
        let mut out = Self::default();
        out.cut_in(chars);
        out
    }

    /// The same in place of what is there: a text that is made where it stays needs no copy.
    pub(crate) fn cut_in(&mut self, chars: impl IntoIterator<Item = char>) {
        self.0.clear();
        let _ = chars.into_iter().try_for_each(|c| self.push(c));
    }

    /// Appends a character.
    ///
    /// # Errors
    /// [`TooLong`], and the text is as it was, if there is no room for it.
    pub fn push(&mut self, c: char) -> Result<(), TooLong> {
        self.0.push(c).map_err(|_| TooLong)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const N: usize> Deref for ShortStr<N> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const N: usize> AsRef<str> for ShortStr<N> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl<const N: usize> PartialEq<str> for ShortStr<N> {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl<const N: usize> PartialEq<&str> for ShortStr<N> {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl<const N: usize> FromStr for ShortStr<N> {
    type Err = TooLong;

    fn from_str(text: &str) -> Result<Self, TooLong> {
        Self::new(text)
    }
}

impl<const N: usize> TryFrom<&str> for ShortStr<N> {
    type Error = TooLong;

    fn try_from(text: &str) -> Result<Self, TooLong> {
        Self::new(text)
    }
}

impl<const N: usize> fmt::Write for ShortStr<N> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write_str(text)
    }
}

impl<const N: usize> fmt::Display for ShortStr<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

impl<const N: usize> fmt::Debug for ShortStr<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// At most `N` values, in order. It reads as a slice.
#[derive(Clone, PartialEq, Eq)]
pub struct ShortList<T, const N: usize>(heapless::Vec<T, N>);

impl<T, const N: usize> ShortList<T, N> {
    /// Appends a value.
    ///
    /// # Errors
    /// The value, if the list is full.
    pub fn push(&mut self, value: T) -> Result<(), T> {
        self.0.push(value)
    }
}

impl<T, const N: usize> Default for ShortList<T, N> {
    fn default() -> Self {
        Self(heapless::Vec::new())
    }
}

impl<T, const N: usize> Deref for ShortList<T, N> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<'a, T, const N: usize> IntoIterator for &'a ShortList<T, N> {
    type Item = &'a T;
    type IntoIter = core::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// What fits of the values.
impl<T, const N: usize> FromIterator<T> for ShortList<T, N> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let mut list = Self::default();
        let _ = values.into_iter().try_for_each(|value| list.push(value));
        list
    }
}

impl<T: fmt::Debug, const N: usize> fmt::Debug for ShortList<T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    #[test]
    fn a_text_is_cut_between_characters() {
        // What follows the first that does not fit is not taken either, though there is room for it.
        assert_eq!(ShortStr::<3>::cut("éée".chars()), "é");
        let mut text = ShortStr::<3>::new("é").unwrap();
        assert_eq!(text.push('é'), Err(TooLong));
        assert_eq!(text.push('e'), Ok(()));
        assert_eq!(text, "ée");
        assert_eq!(ShortStr::<3>::new("éé"), Err(TooLong));
    }

    #[test]
    fn it_is_shown_as_the_text() {
        let text: ShortStr<8> = "a\"b".parse().unwrap();
        assert_eq!(format!("{text}|{text:>4}|{text:?}"), "a\"b| a\"b|\"a\\\"b\"");
    }

    #[test]
    fn a_list_takes_what_fits() {
        let mut list: ShortList<u8, 2> = [1, 2, 3].into_iter().collect();
        assert_eq!(*list, [1, 2]);
        assert_eq!(list.push(4), Err(4));
        assert_eq!(format!("{list:?}"), "[1, 2]");
    }
}
