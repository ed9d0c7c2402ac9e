//! Files that only their owner can read.

use crate::errors::{self, Class, Failure};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write;
use std::path::Path;

/// Writes a file that is not there yet.
pub(crate) fn create(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write(path, bytes, OpenOptions::new().create_new(true))
}

/// Writes a file, over one that may be there.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write(path, bytes, OpenOptions::new().create(true).truncate(true))
}

fn write(path: &Path, bytes: &[u8], options: &mut OpenOptions) -> Result<(), Failure> {
    options.write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options
        .open(path)
        .map_err(|error| errors::file("write", path, &error))?;
    only_for_its_owner(&file, path)?;
    file.write_all(bytes)
        .map_err(|error| errors::file("write", path, &error).with_class(Class::Unexpected))
}

/// One that was there before may have been open to everybody.
#[cfg(unix)]
fn only_for_its_owner(file: &File, path: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = file
        .metadata()
        .map_err(|error| errors::file("write", path, &error))?;
    if !metadata.is_file() || metadata.permissions().mode() & 0o077 == 0 {
        return Ok(());
    }
    file.set_permissions(std::fs::Permissions::from_mode(0o600))
        .map_err(|error| errors::file("write", path, &error))
}

#[cfg(not(unix))]
fn only_for_its_owner(_: &File, _: &Path) -> Result<(), Failure> {
    Ok(())
}

/// Makes a folder, which may be there already.
pub(crate) fn folder(path: &Path) -> Result<(), Failure> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder
        .create(path)
        .map_err(|error| errors::file("make the folder", path, &error))
}
