//! Recorded exchanges between a client and the vendor's device firmware: loading them.
//!
//! One JSON file each, every byte string in hex, all secrets included. What a file is for follows from what
//! it contains, never from its name.

use serde::{Deserialize, Deserializer};
use std::path::{Path, PathBuf};

/// A byte string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hex(pub Vec<u8>);

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        hex::decode(text).map(Self).map_err(serde::de::Error::custom)
    }
}

impl core::ops::Deref for Hex {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// One request and what came of it.
#[derive(Debug, Clone, Deserialize)]
pub struct Exchange {
    /// Endpoint name.
    pub endpoint: String,
    /// Bytes on the wire.
    pub request: Hex,
    /// Before the record cipher.
    pub request_plain: Option<Hex>,
    /// Whether the record cipher applies.
    #[serde(default)]
    pub request_encrypted: bool,
    /// HTTP status; absent when the device refused.
    pub status: Option<u16>,
    /// The cookie that the client sent, if it was recorded over HTTP.
    #[serde(default)]
    pub request_cookie: Option<String>,
    /// Header fields of the answer.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// Bytes on the wire; absent when the device refused.
    pub response: Option<Hex>,
    /// After the record cipher.
    pub response_plain: Option<Hex>,
    /// What the recording client saw when the device refused.
    pub error: Option<String>,
    /// What this exchange shows.
    pub note: Option<String>,
}

impl Exchange {
    /// A message of the handshake, in whichever protocol.
    #[must_use]
    pub fn is_handshake(&self) -> bool {
        matches!(self.endpoint.as_str(), "prov-session" | "esp_local_ctrl/session")
    }

    /// The question for the version, in whichever protocol.
    #[must_use]
    pub fn is_version(&self) -> bool {
        matches!(self.endpoint.as_str(), "proto-ver" | "esp_local_ctrl/version")
    }
}

/// A recorded run.
#[derive(Debug, Clone, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the protocol")]
#[expect(non_snake_case, reason = "the names are those of the protocol")]
pub struct Vector {
    /// File name, for messages.
    #[serde(skip)]
    pub name: String,
    pub client: String,
    pub security: u8,
    pub sec_patch_ver: Option<u8>,
    /// `ok`, or `refused: …`.
    pub result: String,
    pub exchange: Vec<Exchange>,

    pub pop: Option<String>,
    pub device_pop: Option<String>,
    pub client_private_key: Option<Hex>,
    pub client_public_key: Option<Hex>,
    pub device_private_key: Option<Hex>,
    pub device_public_key: Option<Hex>,
    pub device_random: Option<Hex>,
    pub ecdh_shared: Option<Hex>,
    pub client_verify: Option<Hex>,
    pub device_verify: Option<Hex>,

    pub username: Option<String>,
    pub password: Option<String>,
    pub salt: Option<Hex>,
    pub verifier: Option<Hex>,
    pub verifier_from_bytes_exact_x: Option<Hex>,
    pub a: Option<Hex>,
    pub A: Option<Hex>,
    pub b: Option<Hex>,
    pub B: Option<Hex>,
    pub u: Option<Hex>,
    pub k: Option<Hex>,
    pub x: Option<Hex>,
    pub inner_hash: Option<Hex>,
    pub S: Option<Hex>,
    pub K: Option<Hex>,
    pub M1: Option<Hex>,
    pub M2: Option<Hex>,
    pub device_nonce: Option<Hex>,

    pub aes_key: Option<Hex>,
}

impl Vector {
    /// Did the device accept everything?
    ///
    /// # Panics
    /// When `result` is neither form.
    #[must_use]
    pub fn accepted(&self) -> bool {
        let refused = self.result.starts_with("refused");
        assert!(
            refused || self.result == "ok",
            "{}: unknown result {:?}",
            self.name,
            self.result
        );
        !refused
    }

    /// The handshake exchanges.
    pub fn handshake(&self) -> impl Iterator<Item = &Exchange> {
        self.exchange.iter().filter(|exchange| exchange.is_handshake())
    }

    /// A value that this kind of file must have.
    ///
    /// # Panics
    /// When it is absent: the file is not understood then.
    #[must_use]
    pub fn need<'a>(&self, value: &'a Option<Hex>, what: &str) -> &'a [u8] {
        match value {
            Some(bytes) => bytes,
            None => panic!("{}: no {what}", self.name),
        }
    }
}

/// Where the vectors are: `ESPPROV_VECTORS`, or the ones in this repository. Tests run in their package's folder
/// and not where cargo was called, so a relative path counts from the root of the workspace.
#[must_use]
pub fn directory() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::env::var_os("ESPPROV_VECTORS").map_or_else(
        || package.join("vectors/vendor"),
        |chosen| package.parent().unwrap_or(package).join(chosen),
    )
}

/// Loads the recordings of local control and its neighbours, which are in this repository.
///
/// # Panics
/// As [`load_from`].
#[must_use]
pub fn local_control() -> Vec<Vector> {
    load_from(&Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/local-control"))
}

/// Loads every vector of [`directory`] and says how many on stdout.
///
/// # Panics
/// When there is none, or a file is not a vector.
#[must_use]
pub fn load() -> Vec<Vector> {
    let directory = directory();
    let vectors = load_from(&directory);
    println!(
        "vendor vectors: {} files from {}",
        vectors.len(),
        directory.display()
    );
    vectors
}

/// Loads every vector of a directory.
///
/// # Panics
/// When there is none, or a file is not a vector.
#[must_use]
pub fn load_from(directory: &Path) -> Vec<Vector> {
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) => panic!("{}: {error}", directory.display()),
    };
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| {
            entry
                .unwrap_or_else(|error| panic!("{}: {error}", directory.display()))
                .path()
        })
        .filter(|path| path.file_name().is_some_and(|name| name != "README.md"))
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "no vectors in {}", directory.display());
    paths.iter().map(|path| load_one(path)).collect()
}

fn load_one(path: &Path) -> Vector {
    let json = path.extension().is_some_and(|extension| extension == "json");
    assert!(json, "{}: not a vector", path.display());
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut vector: Vector =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    vector.name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    assert!(!vector.exchange.is_empty(), "{}: no exchanges", vector.name);
    let last = vector.exchange.len() - 1;
    for (index, exchange) in vector.exchange.iter().enumerate() {
        let refused = exchange.response.is_none();
        assert!(
            !refused || (exchange.status.is_none() && index == last && !vector.accepted()),
            "{}: exchange {index} has no response, which only the last one of a refused run may lack",
            vector.name
        );
    }
    assert!(
        vector.accepted() || vector.exchange[last].response.is_none(),
        "{}: refused, but every request has a response",
        vector.name
    );
    vector
}
