//! Nodes of the tree by the names that the grammar has for them.

use std::num::NonZeroU16;
use std::sync::LazyLock;

use tree_sitter::{Language, Node};

/// The grammar's field names that are asked for, each looked up once.
#[derive(Clone, Copy)]
pub(super) enum Part {
    Alias,
    Alternative,
    Arguments,
    Body,
    Channel,
    Communication,
    Condition,
    Consequence,
    Element,
    Field,
    Function,
    Index,
    Initializer,
    Key,
    Left,
    Name,
    Operand,
    Operator,
    Package,
    Parameters,
    Receiver,
    Result,
    Right,
    Type,
    TypeArguments,
    TypeParameters,
    Update,
    Value,
}

static FIELD_IDS: LazyLock<Vec<NonZeroU16>> = LazyLock::new(|| {
    let names = [
        "alias",
        "alternative",
        "arguments",
        "body",
        "channel",
        "communication",
        "condition",
        "consequence",
        "element",
        "field",
        "function",
        "index",
        "initializer",
        "key",
        "left",
        "name",
        "operand",
        "operator",
        "package",
        "parameters",
        "receiver",
        "result",
        "right",
        "type",
        "type_arguments",
        "type_parameters",
        "update",
        "value",
    ];
    let language: Language = tree_sitter_go::LANGUAGE.into();
    let id = |name: &&str| {
        language.field_id_for_name(name).unwrap_or_else(|| panic!("the grammar has no field `{name}`"))
    };
    names.iter().map(id).collect()
});

impl Part {
    pub(super) fn id(self) -> NonZeroU16 {
        FIELD_IDS[self as usize]
    }
}

/// The child under a field name.
pub(super) fn child<'t>(node: Node<'t>, field: Part) -> Option<Node<'t>> {
    node.child_by_field_id(field.id().get())
}

/// The named children; comments included.
pub(super) fn children<'t>(node: Node<'t>) -> impl Iterator<Item = Node<'t>> {
    let mut cursor = node.walk();
    let mut more = cursor.goto_first_child();
    std::iter::from_fn(move || {
        while more {
            let child = cursor.node();
            more = cursor.goto_next_sibling();
            if child.is_named() {
                return Some(child);
            }
        }
        None
    })
}

/// The named children under one field name, in order.
pub(super) fn fields<'t>(node: Node<'t>, field: Part) -> impl Iterator<Item = Node<'t>> {
    let mut cursor = node.walk();
    let mut more = cursor.goto_first_child();
    std::iter::from_fn(move || {
        while more {
            let (child, id) = (cursor.node(), cursor.field_id());
            more = cursor.goto_next_sibling();
            if child.is_named() && id == Some(field.id()) {
                return Some(child);
            }
        }
        None
    })
}

/// Named children that are not comments.
pub(super) fn parts<'t>(node: Node<'t>) -> impl Iterator<Item = Node<'t>> {
    children(node).filter(|child| !child.is_extra())
}
