//! How the files beside one spell their releases: asked only when a release is spelled in a file that has
//! none.

use std::cell::OnceCell;

use crate::base::sys;
use crate::config::Style;
use crate::fix::Habits;
use crate::go::types::database::FileScope;

/// More files than this are not looked at.
const MOST_FILES: usize = 32;
/// Nor is a larger one.
const MOST_BYTES: u64 = 256 << 10;

/// The files of a package beside one of them.
pub struct PackageStyle<'f> {
    scope: &'f FileScope,
    style: OnceCell<Option<Style>>,
}

impl<'f> PackageStyle<'f> {
    /// Reads nothing yet.
    pub fn new(scope: &'f FileScope) -> PackageStyle<'f> {
        PackageStyle { scope, style: OnceCell::new() }
    }

    /// The style that they use most; tests go by tests, other files by other files. `None` where they release
    /// nothing.
    pub fn style(&self) -> Option<Style> {
        *self.style.get_or_init(|| {
            let files = &self.scope.package.files;
            let test = files[self.scope.file].test;
            let others =
                files.iter().enumerate().filter(|(at, file)| *at != self.scope.file && file.test == test);
            let mut habits = Habits::default();
            for (_, file) in others.take(MOST_FILES) {
                // One that is gone meanwhile has no say.
                if let Ok(text) = sys::read_in_tree(&file.file, MOST_BYTES) {
                    habits.add(&text);
                }
            }
            habits.most()
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::engine;
    use crate::engine::testing::{CLIENT, Module};

    const LEAK: &str = "package p\n\nfunc f() {\n\tc := NewBareClient()\n\tc.Use()\n}\n";

    const IGNORES: &str = "package p\n\nfunc g() {\n\tc := NewBareClient()\n\
    \tdefer func() { _ = c.Close() }()\n\t\
                           c.Use()\n}\n";

    /// The line that releases the client in `a.go`, with the others in a file of this name.
    fn released(beside: &str) -> String {
        let module = Module::new(&[("client.go", CLIENT), ("a.go", LEAK), (beside, IGNORES)]);
        let run = engine::fix(&module.settings("unclosed-client")).unwrap();
        let after = String::from_utf8(run.changes[0].after.clone()).unwrap();
        after.lines().find(|line| line.contains("Close")).unwrap_or_default().trim().to_owned()
    }

    #[test]
    fn a_file_that_releases_nothing_is_spelled_as_its_neighbours() {
        assert_eq!(released("b.go"), "defer func() { _ = c.Close() }()");
    }

    #[test]
    fn tests_say_nothing_of_other_files_and_other_packages_nothing_at_all() {
        assert_eq!(released("b_test.go"), "defer c.Close()");
        assert_eq!(released("d/b.go"), "defer c.Close()");
    }
}
