//! The JSON Schemas that `unleak schema` prints, held against what the program prints and reads.

use std::path::Path;
use std::process::{Command, Stdio};

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::support::{copy, repository, tests, write};

/// The tests of this module.
pub fn tests() -> Vec<Trial> {
    tests![what_is_printed_is_what_the_schema_says, settings_are_what_the_schema_says,]
}

fn printed(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_unleak"));
    let output = command.args(arguments).current_dir(folder).stdin(Stdio::null()).output();
    String::from_utf8(output.expect("the program runs").stdout).expect("it prints UTF-8")
}

fn schema(what: &str) -> Value {
    serde_json::from_str(&printed(&repository(), &["schema", what])).expect("a schema is JSON")
}

/// Why `value` is not what `schema` describes; `root` is where references lead. Stricter than the standard: a
/// field that the schema does not name is a mistake, and so is a keyword that is not known here.
fn mistake(root: &Value, schema: &Value, value: &Value) -> Option<String> {
    let Value::Object(schema) = schema else {
        return (schema != &json!(true)).then(|| "not allowed".to_owned());
    };
    for (keyword, says) in schema {
        let wrong = match keyword.as_str() {
            "$schema" | "title" | "description" | "default" | "format" | "$defs" => None,
            "type" => types(says, value),
            "enum" => (!says.as_array()?.contains(value)).then(|| format!("{value} is none of {says}")),
            "const" => (says != value).then(|| format!("{value} is not {says}")),
            "minimum" => value
                .as_f64()
                .filter(|number| Some(*number) < says.as_f64())
                .map(|_| format!("{value} is below {says}")),
            "maximum" => value
                .as_f64()
                .filter(|number| Some(*number) > says.as_f64())
                .map(|_| format!("{value} is above {says}")),
            "required" => required(says, value),
            "properties" => fields(root, schema.get("additionalProperties"), says, value),
            "additionalProperties" if schema.contains_key("properties") => None,
            "additionalProperties" => {
                value.as_object()?.values().find_map(|value| mistake(root, says, value))
            }
            "items" => value.as_array().and_then(|all| all.iter().find_map(|item| mistake(root, says, item))),
            "anyOf" | "oneOf" => {
                let all: Vec<String> =
                    says.as_array()?.iter().map_while(|one| mistake(root, one, value)).collect();
                (all.len() == says.as_array()?.len()).then(|| all.join("; "))
            }
            "$ref" => {
                let name = says.as_str()?.trim_start_matches("#/$defs/");
                mistake(root, &root["$defs"][name], value)
            }
            other => panic!("the schema says `{other}`, which this test does not understand"),
        };
        if wrong.is_some() {
            return wrong;
        }
    }
    None
}

fn types(says: &Value, value: &Value) -> Option<String> {
    let is = |name: &Value| match name.as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("null") => value.is_null(),
        other => panic!("no such type here: {other:?}"),
    };
    let fits = says.as_array().map_or_else(|| is(says), |names| names.iter().any(is));
    (!fits).then(|| format!("{value} is no {says}"))
}

fn required(names: &Value, value: &Value) -> Option<String> {
    let missing =
        names.as_array()?.iter().find(|name| value.get(name.as_str().unwrap_or_default()).is_none());
    missing.map(|name| format!("{name} is missing"))
}

fn fields(root: &Value, others: Option<&Value>, properties: &Value, value: &Value) -> Option<String> {
    value.as_object()?.iter().find_map(|(name, value)| {
        let wrong = match (properties.get(name), others) {
            (Some(schema), _) => mistake(root, schema, value),
            (None, Some(schema)) if schema.is_object() => mistake(root, schema, value),
            (None, _) => Some("there is no such field".to_owned()),
        };
        wrong.map(|wrong| format!("{name}: {wrong}"))
    })
}

fn what_is_printed_is_what_the_schema_says() {
    let (tree, schema) = (tempfile::tempdir().expect("there is room"), schema("json"));
    copy(&repository().join("tests/cmd/leaky.in"), tree.path());
    let channel = "package p\n\nfunc first() int {\n\tc := make(chan int)\n\tgo func() { c <- 1 }()\n\tgo \
                   func() { c <- 2 \
                   }()\n\treturn <-c\n}\n";
    write(tree.path(), "channel.go", channel);
    write(tree.path(), "broken.go", "package p\n\nfunc leak() { client, err := lib.NewClient(");
    let runs = [
        &["check", "--format", "json", "--tests"][..],
        &["audit", "--format", "json"],
        &["fix", "--format", "json", "--no-vcs", "--unsafe"],
    ];
    for arguments in runs {
        let text = printed(tree.path(), arguments);
        let mut value: Value = serde_json::from_str(&text).expect("it is JSON");
        if arguments[0] == "audit" {
            let channel = &value["channels"][0];
            let told = ["path", "line", "make", "function"].map(|name| &channel[name]);
            let expected = [json!("channel.go"), json!(4), json!("make(chan int)"), json!("first")];
            assert_eq!(told, expected.each_ref(), "{text}");
            assert_eq!(channel["verdict"], "surplus-senders");
            assert_eq!(value["summary"]["channels"], 1);
        }
        assert_eq!(mistake(&schema, &schema, &value), None, "{arguments:?}: {text}");
        value["summary"]["files"] = json!("three");
        assert!(mistake(&schema, &schema, &value).is_some(), "{arguments:?}: the schema takes anything");
    }
}

fn settings_are_what_the_schema_says() {
    let (tree, schema) = (tempfile::tempdir().expect("there is room"), schema("config"));
    let shown = printed(tree.path(), &["config", "show", "--exclude", "gen/"]);
    let taken = |text: &str| {
        let value =
            serde_json::to_value(text.parse::<toml::Table>().expect("it is TOML")).expect("no dates in it");
        write(tree.path(), "unleak.toml", text);
        let mut command = Command::new(env!("CARGO_BIN_EXE_unleak"));
        let reads = command
            .args(["config", "show"])
            .current_dir(tree.path())
            .output()
            .expect("the program runs")
            .status
            .success();
        assert_eq!(mistake(&schema, &schema, &value).is_none(), reads, "{text}");
        reads
    };
    assert!(taken(&shown), "{shown}");
    for (text, right) in [
        ("style = \"join\"", true),
        ("style = \"loud\"", false),
        ("tests = 1", false),
        ("exclude = \"a\"", false),
        ("no-such-key = true", false),
        ("max-file-bytes = -1", false),
        ("max-file-bytes = 1073741824", true),
        ("max-file-bytes = 1073741825", false),
    ] {
        assert_eq!(taken(text), right, "{text}");
    }
}
