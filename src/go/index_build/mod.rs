//! Makes the shipped index from the source of modules. Nothing else needs it.

pub mod build;
pub mod handles;
pub mod modcache;
mod spelling;
#[cfg(test)]
mod tests;
