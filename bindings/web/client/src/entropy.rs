//! The page's source of randomness.

use core::fmt;
use rand_core::{TryCryptoRng, TryRng};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// There in a page without a secure context, too, and in Node.js.
    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues, catch)]
    fn get_random_values(out: &mut [u8]) -> Result<(), JsValue>;
}

/// `crypto.getRandomValues`.
pub(crate) struct WebCrypto;

/// It gives no random numbers.
#[derive(Debug)]
pub(crate) struct NoEntropy;

impl fmt::Display for NoEntropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("crypto.getRandomValues failed")
    }
}

impl core::error::Error for NoEntropy {}

impl TryRng for WebCrypto {
    type Error = NoEntropy;

    fn try_next_u32(&mut self) -> Result<u32, NoEntropy> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, NoEntropy> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), NoEntropy> {
        get_random_values(out).map_err(|_| NoEntropy)
    }
}

impl TryCryptoRng for WebCrypto {}
