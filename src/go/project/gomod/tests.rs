use std::cmp::Ordering;

use proptest::prelude::*;

use super::*;

fn required(file: &GoMod) -> Vec<String> {
    file.requires
        .iter()
        .map(|r| format!("{} {}{}", r.path, r.version, if r.indirect { " indirect" } else { "" }))
        .collect()
}

fn replaced(replaces: &[Replace]) -> Vec<String> {
    replaces.iter().map(|r| format!("{} {:?} => {:?}", r.path, r.version.as_deref(), r.with)).collect()
}

#[test]
fn a_go_mod_with_all_that_may_be_in_it() {
    let text = "\u{feff}// head\r\nmodule \"example.com/m\" // why\r\n\r\ngo 1.24.0\ntoolchain go1.24.1\n\
                godebug default=go1.23\n\
        require example.com/a v1.0.0\nrequire (\n\texample.com/b v1.2.3 // indirect; because\n\
        \t`example.com/c` v0.0.0-20240101000000-0123456789ab//x\n\
        \t// note\n\n)\nexclude example.com/a v0.9.0\nretract [v1.0.0, v1.1.0] // bad\nretract (\n\tv1.2.0\n\
        )\ntool example.com/t\nignore ./node_modules\n\
        replace example.com/a => ../a\nreplace (\n\texample.com/b v1.2.3 => example.com/fork v1.9.0\n\
        \texample.com/c => \"../c d\"\n)\nexclude ()\nfuture thing (\n";
    let (file, fault) = parse_go_mod(text.as_bytes(), "go.mod");
    assert_eq!(fault, None);
    assert_eq!((file.module.as_deref(), file.go.as_deref()), (Some("example.com/m"), Some("1.24.0")));
    assert_eq!(
        required(&file),
        [
            "example.com/a v1.0.0",
            "example.com/b v1.2.3 indirect",
            "example.com/c v0.0.0-20240101000000-0123456789ab"
        ]
    );
    assert_eq!(
        replaced(&file.replaces),
        [
            "example.com/a None => Folder(\"../a\")",
            "example.com/b Some(\"v1.2.3\") => Module { path: \"example.com/fork\", version: \"v1.9.0\" }",
            "example.com/c None => Folder(\"../c d\")"
        ]
    );
}

#[test]
fn a_damaged_line_is_told_once_and_the_rest_used() {
    let text = "module m\n<<<<<<< HEAD\nrequire a.com/a v1\n=======\nrequire a.com/a v2 v3\n>>>>>>> x\n\
                replace a.com/a\nrequire \"a\nrequire b.com/b v1.0.0\n";
    let (file, fault) = parse_go_mod(text.as_bytes(), "sub/go.mod");
    let fault = fault.expect("it is told");
    assert_eq!((&*fault.path, fault.line, fault.skipped), ("sub/go.mod", 2, false));
    assert_eq!(fault.words, "`<<<<<<< HEAD` is not understood (and 5 more); the rest of the file is used");
    assert_eq!(required(&file), ["a.com/a v1", "b.com/b v1.0.0"]);
}

#[test]
fn a_block_without_end_is_told_where_it_begins() {
    let (file, fault) = parse_go_mod(b"module m\nrequire (\n\ta.com/a v1.0.0\n", "go.mod");
    assert_eq!(fault.map(|fault| fault.line), Some(2));
    assert_eq!(required(&file), ["a.com/a v1.0.0"]);
}

#[test]
fn a_go_work() {
    let text = "go 1.24\nuse .\nuse (\n\t./api // x\n\t\"../odd name\"\n)\nreplace a.com/a v1.0.0 => ./a\n";
    let (file, fault) = parse_go_work(text.as_bytes(), "go.work");
    assert_eq!(fault, None);
    assert_eq!(file.uses.iter().map(|folder| &**folder).collect::<Vec<_>>(), [".", "./api", "../odd name"]);
    assert_eq!(replaced(&file.replaces), ["a.com/a Some(\"v1.0.0\") => Folder(\"./a\")"]);
}

#[test]
fn a_modules_txt() {
    let text = "## workspace\n# a.com/a v1.0.0\n## explicit; go 1.24.0\na.com/a\na.com/a/sub\n# a.com/b \
                v1.0.0 => ./b\n# a.com/c => a.com/d v1.2.0\na.com/c/x\n# a.com/e v2.0.0+incompatible => \
                a.com/f v2.0.1\n";
    let (file, fault) = parse_modules_txt(text.as_bytes(), "vendor/modules.txt");
    assert_eq!(fault, None);
    let told: Vec<_> = file
        .modules
        .iter()
        .map(|m| format!("{} {:?} {} {}", m.path, m.version.as_deref(), m.explicit, m.packages.join(",")))
        .collect();
    assert_eq!(
        told,
        [
            "a.com/a Some(\"v1.0.0\") true a.com/a,a.com/a/sub",
            "a.com/b Some(\"v1.0.0\") false ",
            "a.com/c None false a.com/c/x",
            "a.com/e Some(\"v2.0.0+incompatible\") false "
        ]
    );
    assert_eq!(file.modules[1].replaced, Some(Replacement::Folder("./b".into())));
    assert_eq!(
        file.modules[2].replaced,
        Some(Replacement::Module { path: "a.com/d".into(), version: "v1.2.0".into() })
    );
}

#[test]
fn a_damaged_modules_txt() {
    let (file, fault) =
        parse_modules_txt(b"early/package\n# a.com/a\n# a.com/b v1.0.0\na.com/b\ntwo words\n", "modules.txt");
    assert_eq!(fault.map(|fault| fault.line), Some(1));
    assert_eq!(file.modules.len(), 1);
}

#[test]
fn versions_in_order() {
    let ordered = [
        "master",
        "v0.0.0-20180101000000-000000000000",
        "v0.0.0-20240101000000-0123456789ab",
        "v0.9.0",
        "v1.0.0-1",
        "v1.0.0-2",
        "v1.0.0-10",
        "v1.0.0-alpha",
        "v1.0.0-alpha.1",
        "v1.0.0-alpha.beta",
        "v1.0.0-rc.1",
        "v1.0.0",
        "v1.0.1-0.20240101000000-0123456789ab",
        "v1.0.1",
        "v1.9.0",
        "v1.10.0",
        "v2.0.0+incompatible",
        "v10",
        "v99999999999999999999999.0.0",
    ];
    for (at, a) in ordered.iter().enumerate() {
        for (other, b) in ordered.iter().enumerate() {
            assert_eq!(compare_versions(a, b), at.cmp(&other), "{a} {b}");
        }
    }
    for (a, b) in
        [("v1.2", "v1.2.0"), ("v2.0.0", "v2.0.0+incompatible"), ("", "1.2.3"), ("v1..2", "v1.2.3.4")]
    {
        assert_eq!(compare_versions(a, b), Ordering::Equal, "{a} {b}");
    }
}

#[test]
fn the_language_is_told_from_a_go_line() {
    for (go, language) in [
        ("1.21", (1, 21)),
        ("1.9", (1, 9)),
        ("1.21rc2", (1, 21)),
        ("1.22.3", (1, 22)),
        ("1", (1, 0)),
        ("2.0-dev", (2, 0)),
    ] {
        assert_eq!(language_version(go), Some(language), "{go}");
    }
    for go in ["", "go1.21", "1.", "1.x", "v1.21"] {
        assert_eq!(language_version(go), None, "{go}");
    }
}

/// Words that these files are made of, and anything else.
const WORDS: &str = "(?s)(require|replace|use|module|=>|\\(|\\)|\"|`|//|#|##|\
                     a\\.com/a|v1\\.0\\.0|[ \t\n\\\\é]|.){0,40}";
const VERSION: &str = "v?[0-9.]{0,5}[-+]?[a-z0-9.]{0,4}";

proptest! {
    #[test]
    fn any_text_is_read(text in WORDS) {
        parse_go_mod(text.as_bytes(), "");
        parse_go_work(text.as_bytes(), "");
        parse_modules_txt(text.as_bytes(), "");
    }

    #[test]
    fn the_order_of_versions_is_one(a in VERSION, b in VERSION) {
        prop_assert_eq!(compare_versions(&a, &b), compare_versions(&b, &a).reverse());
    }
}
