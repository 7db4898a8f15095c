//! What a name means, which type an expression has, what closes a type, what a type holds on to.

pub mod closable;
pub mod database;
pub mod expressions;
pub mod members;
pub mod plain;
pub mod release;
pub mod resolve;
pub mod retention;
pub mod type_expr;
pub mod underlying;
