//! Go's types as values. How they are found is `world`'s; here is only what they are and how they are
//! printed.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::go::facts::names::NameSet;
use crate::go::index::reader::Index;
pub use crate::go::project::names::{Missing, guess_package_name, is_major};
use crate::go::project::package::Package;

/// Why the type of data is not known: the index lists only what is released or holds on to that.
const DATA: &str = "the index lists nothing that it gives";

/// A type, aliases already followed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Type {
    /// A declared type, with its type arguments.
    Named(Arc<Named>),
    Pointer(Arc<Type>),
    Slice(Arc<Type>),
    Array(Arc<Type>),
    Map(Arc<Type>, Arc<Type>),
    Chan(Arc<Type>),
    Func(Arc<FuncSig>),
    /// A struct type without a name.
    Struct(Arc<Vec<StructField>>),
    /// An interface type without a name.
    Interface(Arc<InterfaceType>),
    /// A predeclared type: `string`, `error`, `any`, … and `untyped` for a constant.
    Basic(Arc<str>),
    /// A type parameter that nothing was put in for.
    TypeParam(Arc<str>),
    Nil,
    /// Nobody knows; why.
    Unknown(Arc<str>),
}

/// A declared type. Equal when path, name and arguments are.
#[derive(Debug, Clone)]
pub struct Named {
    /// The import path of the package that declares it.
    pub package: Arc<str>,
    pub name: Arc<str>,
    pub args: Vec<Type>,
    /// Where that package's source is, or why it is not there.
    pub home: Home,
}

/// Where a type's package was found.
#[derive(Debug, Clone)]
pub enum Home {
    Source(Arc<Package>),
    Missing(Arc<Missing>),
}

impl PartialEq for Named {
    fn eq(&self, other: &Named) -> bool {
        self.package == other.package && self.name == other.name && self.args == other.args
    }
}

impl Eq for Named {}

impl Hash for Named {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.package, &self.name, &self.args).hash(state);
    }
}

/// Parameters and results of a function type.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct FuncSig {
    /// The last one is the element's type when `variadic`.
    pub params: Vec<Type>,
    pub results: Vec<Type>,
    pub variadic: bool,
}

/// A field of a struct type without a name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StructField {
    /// The field's name; an embedded one's is its type's.
    pub name: Arc<str>,
    pub ty: Type,
    pub embedded: bool,
}

/// What an interface type without a name asks for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct InterfaceType {
    pub methods: Vec<(Arc<str>, FuncSig)>,
    pub embedded: Vec<Type>,
}

impl Type {
    /// A predeclared type.
    pub fn basic(name: &str) -> Type {
        Type::Basic(Arc::from(name))
    }

    /// A type that nobody knows, and why.
    pub fn unknown(why: impl AsRef<str>) -> Type {
        Type::Unknown(Arc::from(why.as_ref()))
    }

    /// The type of something that the index knows to be data, though not which.
    pub fn data() -> Type {
        Type::unknown(DATA)
    }

    /// Whether this is data of a type that nobody knows.
    pub fn is_data(&self) -> bool {
        matches!(self, Type::Unknown(why) if &**why == DATA)
    }

    /// A pointer to `self`.
    pub fn pointer(self) -> Type {
        Type::Pointer(Arc::new(self))
    }

    /// What the pointer points to; the type itself when it is none.
    pub fn pointee(&self) -> &Type {
        match self {
            Type::Pointer(inner) => inner,
            other => other,
        }
    }

    /// The declared type, directly or behind one pointer.
    pub fn named(&self) -> Option<&Arc<Named>> {
        match self.pointee() {
            Type::Named(named) => Some(named),
            _ => None,
        }
    }

    /// Whether a fact is about the declared type, directly or behind one pointer.
    pub fn is_in(&self, fact: &NameSet) -> bool {
        self.named().is_some_and(|named| fact.holds(&named.package, &named.name))
    }

    /// Whether this is `error`.
    pub fn is_error(&self) -> bool {
        matches!(self, Type::Basic(name) if &**name == "error")
    }

    /// Whether this is `context.Context`.
    pub fn is_context(&self) -> bool {
        let is_package = |package: &str| matches!(package, "context" | "golang.org/x/net/context");
        matches!(self, Type::Named(named) if &*named.name == "Context" && is_package(&named.package))
    }

    /// Why nobody knows the type, if so, also when it is one behind a pointer.
    pub fn why_unknown(&self) -> Option<&Arc<str>> {
        match self.pointee() {
            Type::Unknown(why) => Some(why),
            _ => None,
        }
    }

    /// The type with full import paths, as facts and evidence name it: `*cloud.google.com/go/storage.Client`.
    pub fn full(&self) -> String {
        Printed { ty: self, full: true }.to_string()
    }
}

impl Named {
    /// The package's source, if it is there.
    pub fn source(&self) -> Option<&Arc<Package>> {
        match &self.home {
            Home::Source(package) => Some(package),
            Home::Missing(_) => None,
        }
    }

    /// The name that the package's clause has, as far as source or index tell; else what its path suggests.
    pub fn package_name(&self) -> Arc<str> {
        match &self.home {
            Home::Source(package) => package.name.clone(),
            Home::Missing(_) => {
                let known = Index::shipped().package_name(&self.package);
                Arc::from(known.unwrap_or_else(|| guess_package_name(&self.package)))
            }
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Printed { ty: self, full: false })
    }
}

impl fmt::Display for FuncSig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print_signature(self, false, f)
    }
}

/// A type with or without full import paths.
struct Printed<'a> {
    ty: &'a Type,
    full: bool,
}

impl fmt::Display for Printed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let full = self.full;
        let sub = |ty| Printed { ty, full };
        match self.ty {
            Type::Named(named) => {
                match full {
                    true => write!(f, "{}.{}", named.package, named.name)?,
                    false => write!(f, "{}.{}", named.package_name(), named.name)?,
                }
                if !named.args.is_empty() {
                    f.write_str("[")?;
                    list(&named.args, full, f)?;
                    f.write_str("]")?;
                }
                Ok(())
            }
            Type::Pointer(inner) => write!(f, "*{}", sub(inner)),
            Type::Slice(inner) => write!(f, "[]{}", sub(inner)),
            Type::Array(inner) => write!(f, "[...]{}", sub(inner)),
            Type::Map(key, value) => write!(f, "map[{}]{}", sub(key), sub(value)),
            Type::Chan(inner) => write!(f, "chan {}", sub(inner)),
            Type::Func(signature) => {
                f.write_str("func")?;
                print_signature(signature, full, f)
            }
            Type::Struct(fields) => f.write_str(if fields.is_empty() { "struct{}" } else { "struct{…}" }),
            Type::Interface(ty) => f.write_str(match ty.methods.is_empty() && ty.embedded.is_empty() {
                true => "interface{}",
                false => "interface{…}",
            }),
            Type::Basic(name) | Type::TypeParam(name) => f.write_str(name),
            Type::Nil => f.write_str("nil"),
            Type::Unknown(_) => f.write_str("?"),
        }
    }
}

fn list(types: &[Type], full: bool, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (at, ty) in types.iter().enumerate() {
        f.write_str(if at == 0 { "" } else { ", " })?;
        write!(f, "{}", Printed { ty, full })?;
    }
    Ok(())
}

fn print_signature(signature: &FuncSig, full: bool, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("(")?;
    for (at, ty) in signature.params.iter().enumerate() {
        f.write_str(if at == 0 { "" } else { ", " })?;
        f.write_str(if signature.variadic && at + 1 == signature.params.len() { "..." } else { "" })?;
        write!(f, "{}", Printed { ty, full })?;
    }
    f.write_str(")")?;
    match signature.results.as_slice() {
        [] => Ok(()),
        [one] => write!(f, " {}", Printed { ty: one, full }),
        many => {
            f.write_str(" (")?;
            list(many, full, f)?;
            f.write_str(")")
        }
    }
}

#[cfg(test)]
mod tests {

    use super::*;

    fn named(package: &str, name: &str) -> Type {
        let why = Missing {
            path: Arc::from(package),
            module: None,
            version: None,
            why: String::new(),
            from: Arc::from(std::path::Path::new("")),
        };
        let home = Home::Missing(Arc::new(why));
        Type::Named(Arc::new(Named {
            package: Arc::from(package),
            name: Arc::from(name),
            args: Vec::new(),
            home,
        }))
    }

    #[test]
    fn types_are_printed_as_go_prints_them() {
        let client = named("cloud.google.com/go/pubsub/v2", "Client").pointer();
        assert_eq!(client.to_string(), "*pubsub.Client");
        assert_eq!(client.full(), "*cloud.google.com/go/pubsub/v2.Client");
        let signature = FuncSig {
            params: vec![Type::basic("int"), client.clone()],
            results: vec![client, Type::basic("error")],
            variadic: true,
        };
        assert_eq!(
            Type::Func(Arc::new(signature)).to_string(),
            "func(int, ...*pubsub.Client) (*pubsub.Client, error)"
        );
    }

    #[test]
    fn package_names_are_guessed_from_paths() {
        for (path, name) in [
            ("gopkg.in/yaml.v3", "yaml"),
            ("cloud.google.com/go/pubsub/v2", "pubsub"),
            ("github.com/nats-io/nats.go", "nats"),
            ("github.com/mattn/go-sqlite3", "sqlite3"),
            ("github.com/aws/aws-sdk-go", "sdk"),
            ("github.com/eclipse/paho.mqtt.golang", "mqtt"),
            ("gopkg.in/sendgrid/sendgrid-go.v2", "sendgrid"),
            ("fmt", "fmt"),
            ("net/http", "http"),
        ] {
            assert_eq!(guess_package_name(path), name, "{path}");
        }
    }
}
