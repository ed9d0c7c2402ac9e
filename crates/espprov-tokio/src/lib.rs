//! Tokio adapters for espprov: clock and system entropy
