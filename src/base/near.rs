//! The nearest of the names that there are, for whoever mistyped one.

/// The one of `known` that `name` was probably meant to be.
pub fn near<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |other: &str| strsim::damerau_levenshtein(name, other);
    // Half of the letters wrong is another name.
    let close =
        |other: &&str| distance(other) <= (name.chars().count().max(other.chars().count()) / 3).max(1);
    known.into_iter().filter(close).min_by_key(|other| distance(other))
}

/// `; did you mean `x`?`, or nothing.
pub fn hint<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    near(name, known).map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_near_and_another_word_is_not() {
        let known = ["select", "ignore", "tests"];
        assert_eq!(near("selct", known), Some("select"));
        assert_eq!(near("test", known), Some("tests"));
        assert_eq!(near("colour", known), None);
        assert_eq!(hint("ingore", known), "; did you mean `ignore`?");
    }
}
