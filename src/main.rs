//! The `unleak` program: everything is in the library's `cli`.

use std::process::ExitCode;

/// Syntax trees are many small pieces that are soon given back. It serves tree-sitter too, whose C code asks
/// `malloc`, by its feature `override`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    unleak::cli::main()
}
