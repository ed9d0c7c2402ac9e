//! AES-256 that enciphers its blocks one by one.

use aes::Block;
use aes::cipher::consts::{U1, U16, U32};
use aes::cipher::inout::InOut;
use aes::cipher::{
    BlockCipherEncBackend, BlockCipherEncClosure, BlockCipherEncrypt, BlockSizeUser, KeyInit, KeySizeUser,
    ParBlocksSizeUser,
};

/// The cipher; wiped on drop.
pub(crate) struct OneByOne(aes::Aes256);

impl KeySizeUser for OneByOne {
    type KeySize = U32;
}

impl KeyInit for OneByOne {
    fn new(key: &aes::cipher::Key<Self>) -> Self {
        Self(aes::Aes256::new(key))
    }
}

impl BlockSizeUser for OneByOne {
    type BlockSize = U16;
}

impl BlockCipherEncrypt for OneByOne {
    fn encrypt_with_backend(&self, f: impl BlockCipherEncClosure<BlockSize = U16>) {
        f.call(self);
    }
}

impl ParBlocksSizeUser for OneByOne {
    type ParBlocksSize = U1;
}

impl BlockCipherEncBackend for OneByOne {
    #[inline(never)] // it is needed in several places, and once is enough
    fn encrypt_block(&self, block: InOut<'_, '_, Block>) {
        self.0.encrypt_block_inout(block);
    }
}
