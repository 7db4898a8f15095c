//! What the text alone shows: that each lock is released where it is taken, and that nothing in between could
//! take it again. Most locks are such, and a declaration with no others need not be parsed.
//!
//! Two shapes are known: a `defer` of the release in the next statement, in a function's own block, and a
//! release further on in the same block that nothing between leaves. Where anything could mean something
//! else, the answer is no: it never says that something is wrong.

use std::ops::Range;

use crate::go::facts;
use crate::go::syntax::outline::{body_start, has_word, is_word};

/// A text that names more methods of locks is not looked at.
const MAX_MENTIONS: usize = 512;

/// A method of a lock that is named in a text.
struct Mention<'t> {
    /// Where it stands, from the first name of the path to the method's brackets.
    place: Range<usize>,
    /// `t.mu` in `t.mu.Lock()`.
    path: &'t [u8],
    /// `Lock`.
    method: &'t [u8],
}

/// Whether nothing can be wrong with any lock that is named in `text`, a declaration or a file, in which
/// comments and what stands in strings are blanks.
pub fn are_released_in_place(text: &[u8]) -> bool {
    let Some(mentions) = mentions(text) else { return false };
    if has_word(text, "goto") || are_nested(&mentions) {
        return false;
    }
    let mut released = vec![false; mentions.len()];
    for (at, lock) in mentions.iter().enumerate() {
        if released[at] {
            continue;
        }
        let release: &[u8] = match lock.method {
            b"Lock" => b"Unlock",
            b"RLock" => b"RUnlock",
            _ => return false,
        };
        let mut same = (at + 1..).zip(&mentions[at + 1..]).filter(|(_, other)| other.path == lock.path);
        let Some((other, unlock)) = same.next().filter(|(_, unlock)| unlock.method == release) else {
            return false;
        };
        let next = same.next().map_or(text.len(), |(_, next)| next.place.start);
        let Some(held) = held(text, lock, unlock).filter(|held| held.end <= next) else { return false };
        if may_lock(text, lock, held) {
            return false;
        }
        released[other] = true;
    }
    true
}

/// Where in a text a lock is held that the first of two mentions takes and the second releases, if that has
/// one of the two shapes.
fn held(text: &[u8], lock: &Mention, unlock: &Mention) -> Option<Range<usize>> {
    let between = lock.place.end..unlock.place.start;
    if !is_statement(text, &lock.place) {
        return None;
    }
    if text[between.clone()].trim_ascii() == b"defer" {
        let block = block_around(text, lock.place.start)?;
        return opens_function(&text[..block.start]).then_some(unlock.place.end..block.end);
    }
    (is_statement(text, &unlock.place) && !may_leave(&text[between.clone()])).then_some(between)
}

/// All that is named of locks, in order; `None` where that is too much, where a method is not called on the
/// spot, or not on what a path of names gives.
fn mentions(text: &[u8]) -> Option<Vec<Mention<'_>>> {
    let mut found = Vec::new();
    for at in memchr::memmem::find_iter(text, b"ock") {
        let start = word_start(text, at);
        let end = at + b"ock".len();
        let method = &text[start..end];
        let name = std::str::from_utf8(method).unwrap_or_default();
        if text.get(end).copied().is_some_and(is_word) || !facts::may_be_locking(name) {
            continue;
        }
        let Some(before) = text[..start].strip_suffix(b".") else { continue };
        let path = path_start(before);
        if path == before.len() || !text[end..].starts_with(b"()") || found.len() == MAX_MENTIONS {
            return None;
        }
        found.push(Mention { place: path..end + 2, path: &text[path..start - 1], method });
    }
    Some(found)
}

/// Whether one path leads through another: an embedded lock has two names.
fn are_nested(mentions: &[Mention]) -> bool {
    let mut paths: Vec<&[u8]> = mentions.iter().map(|mention| mention.path).collect();
    paths.sort_unstable();
    paths.dedup();
    // In this order what goes on from a path stands behind it, if perhaps not at once.
    let is_outer = |(at, path): (usize, &&[u8])| {
        let longer = paths[at + 1..].iter().take_while(|other| other.starts_with(path));
        longer.into_iter().any(|other| leads_through(path, other))
    };
    paths.iter().enumerate().any(is_outer)
}

/// Whether the way to `whole` leads over `path`, or ends there.
fn leads_through(path: &[u8], whole: &[u8]) -> bool {
    whole.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"."))
}

fn word_start(text: &[u8], end: usize) -> usize {
    text[..end].iter().rposition(|byte| !is_word(*byte)).map_or(0, |before| before + 1)
}

/// Where the names and dots begin that `text` ends with.
fn path_start(text: &[u8]) -> usize {
    let is_part = |byte: u8| is_word(byte) || byte == b'.';
    text.iter().rposition(|byte| !is_part(*byte)).map_or(0, |before| before + 1)
}

fn is_whole(text: &[u8], at: usize, len: usize) -> bool {
    !text[..at].last().copied().is_some_and(is_word) && !text.get(at + len).copied().is_some_and(is_word)
}

/// Whether it stands alone in its line.
fn is_statement(text: &[u8], place: &Range<usize>) -> bool {
    let blank = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\r');
    let before = text[..place.start].iter().rev().find(|byte| !blank(byte));
    let after = text[place.end..].iter().find(|byte| !blank(byte));
    matches!(before, None | Some(b'\n')) && matches!(after, None | Some(b'\n'))
}

/// The block that a place lies in, without its braces.
fn block_around(text: &[u8], at: usize) -> Option<Range<usize>> {
    let mut open = 0_usize;
    let start = text[..at].iter().rposition(|byte| match byte {
        b'}' => {
            open += 1;
            false
        }
        b'{' if open > 0 => {
            open -= 1;
            false
        }
        byte => *byte == b'{',
    })?;
    let mut open = 0_usize;
    let end = text[at..].iter().position(|byte| match byte {
        b'{' => {
            open += 1;
            false
        }
        b'}' if open > 0 => {
            open -= 1;
            false
        }
        byte => *byte == b'}',
    })?;
    Some(start + 1..at + end)
}

/// Whether the brace that `text` ends with opens the body of a function: what stands before it is the head of
/// one, in which lines end within brackets only.
fn opens_function(text: &[u8]) -> bool {
    let Some(head) = memchr::memmem::rfind(text, b"func") else { return false };
    if !is_whole(text, head, b"func".len()) {
        return false;
    }
    let signature = &text[head..text.len() - 1];
    let mut open = 0_i32;
    for byte in signature {
        match byte {
            b'(' => open += 1,
            b')' => open -= 1,
            b'\n' if open == 0 => return false,
            b'{' | b'}' | b';' | b'=' => return false,
            _ => {}
        }
        if open < 0 {
            return false;
        }
    }
    open == 0
}

/// What leaves a block, or begins another part of it.
const LEAVES: [&str; 7] = ["return", "break", "continue", "panic", "case", "default", "fallthrough"];

/// Whether something between two places leaves the block of the first, or ends it.
fn may_leave(between: &[u8]) -> bool {
    let mut open = 0_i32;
    for byte in between {
        open += i32::from(*byte == b'{') - i32::from(*byte == b'}');
        if open < 0 {
            return true;
        }
    }
    open != 0 || LEAVES.iter().any(|word| has_word(between, word))
}

/// Whether something that runs in `held` could take the lock: a method of what has it, or a function that
/// gets that. Of a variable of the package that could be any function.
fn may_lock(text: &[u8], lock: &Mention, held: Range<usize>) -> bool {
    let dot = memchr::memchr(b'.', lock.path);
    let root = dot.map_or(lock.path, |dot| &lock.path[..dot]);
    let runs = &text[held];
    if !is_local(&text[..lock.place.start], root) && calls_functions(runs) {
        return true;
    }
    memchr::memmem::find_iter(runs, root).any(|at| {
        let whole = is_whole(runs, at, root.len()) && runs[..at].last() != Some(&b'.');
        whole && hands_over(runs, at, lock.path)
    })
}

/// Whether what stands at `at` hands over the lock, or what has it.
fn hands_over(text: &[u8], at: usize, lock: &[u8]) -> bool {
    let len = text[at..].iter().take_while(|byte| is_word(**byte) || **byte == b'.').count();
    let path = &text[at..at + len];
    let Some(dot) = memchr::memrchr(b'.', path) else { return true };
    let has_it = if text.get(at + len) == Some(&b'(') { &path[..dot] } else { path };
    dot + 1 == len || leads_through(has_it, lock)
}

/// Whether a name is one of a parameter, a receiver or a local variable of the function that `text` is the
/// beginning of, as far as that is plain to see.
fn is_local(text: &[u8], name: &[u8]) -> bool {
    let line = memchr::memmem::rfind(text, b"\nfunc ").map_or(0, |newline| newline + 1);
    let function = &text[line..];
    let Some(head) = body_start(function).filter(|_| function.starts_with(b"func ")) else { return false };
    memchr::memmem::find_iter(function, name).filter(|at| is_whole(function, *at, name.len())).any(|at| {
        let list = |byte: &&u8| is_word(**byte) || matches!(byte, b',' | b' ');
        let after = &function[at + name.len()..];
        let names = after.iter().take_while(list).count();
        let begins = matches!(function[..at].last(), Some(b'\t' | b' '));
        at < head || begins && after[names..].starts_with(b":=") || function[..at].ends_with(b"var ")
    })
}

/// Functions of the language that call no other.
const BUILTIN: [&[u8]; 12] = [
    b"append", b"cap", b"clear", b"close", b"copy", b"delete", b"len", b"make", b"max", b"min", b"new",
    b"string",
];

fn calls_functions(text: &[u8]) -> bool {
    memchr::memchr_iter(b'(', text).any(|at| {
        let called = !matches!(text[..at].last(), None | Some(b' ' | b'\t' | b'(' | b'!'));
        called && !BUILTIN.contains(&&text[word_start(text, at)..at])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(body: &str) -> bool {
        let text = format!("package p\n\nfunc (t *T) f(a A) int {{\n{body}\n}}\n\nfunc g() {{}}\n");
        are_released_in_place(text.as_bytes())
    }

    #[test]
    fn what_is_released_in_place_is_clean() {
        let held = "\tt.mu.RLock()\n\tdefer t.mu.RUnlock()\n";
        let looked = "\tfor _, v := range t.values {\n\t\tif v.Do() {\n\t\t\treturn 1\n\t\t}\n\t}";
        assert!(clean(&[held, looked].concat()));
        for body in [
            "\tt.mu.Lock()\n\tdefer t.mu.Unlock()\n\tt.n++\n\treturn t.n",
            "\tt.mu.Lock()\n\tif t.n > a.Get() {\n\t\tt.n--\n\t}\n\tt.mu.Unlock()\n\treturn t.f(a)",
            "\tfor {\n\t\tt.mu.Lock()\n\t\tt.n++\n\t\tt.mu.Unlock()\n\t\ttime.Sleep(1)\n\t}",
            "\tt.Lock()\n\tdefer t.Unlock()\n\treturn t.items.Len()",
            "\trun(func() {\n\t\ta.mu.Lock()\n\t\tdefer a.mu.Unlock()\n\t\ta.n++\n\t})\n\treturn 0",
            "\tx, ok := t.find()\n\tx.mu.Lock()\n\tdefer x.mu.Unlock()\n\treturn t.g(ok)",
            "\tmu.Lock()\n\tdefer mu.Unlock()\n\tall[a] = append(all[a], len(a))\n\treturn 0",
            "\tt.a.Lock()\n\tt.b.Lock()\n\tt.n++\n\tt.b.Unlock()\n\tt.a.Unlock()\n\treturn 0",
            "\treturn t.unlocked.n + t.block",
        ] {
            assert!(clean(body), "{body}");
        }
    }

    #[test]
    fn what_leaves_with_a_lock_or_may_take_it_again_is_not() {
        for body in [
            "\tt.mu.Lock()\n\tif t.n > 0 {\n\t\treturn 0\n\t}\n\tt.mu.Unlock()\n\treturn 1",
            "\tfor {\n\t\tt.mu.Lock()\n\t\tif t.n > 0 {\n\t\t\tbreak\n\t\t}\n\t\tt.mu.Unlock()\n\t}",
            "\tif a.ok {\n\t\tt.mu.Lock()\n\t}\n\tt.mu.Unlock()\n\treturn 0",
            "\tswitch a {\n\tcase 1:\n\t\tt.mu.Lock()\n\tcase 2:\n\t\tt.mu.Unlock()\n\t}",
            "\tt.mu.Lock()\n\treturn 0",
            "\tt.mu.RLock()\n\tdefer t.mu.Unlock()\n\treturn 0",
            "\tt.mu.RLock()\n\tt.n++\n\tt.mu.Unlock()\n\treturn 0",
            "\tfor {\n\t\tt.mu.Lock()\n\t\tdefer t.mu.Unlock()\n\t}",
            "\tif a.ok {\n\t\tt.mu.Lock()\n\t\tdefer t.mu.Unlock()\n\t}\n\tt.mu.Lock()\n\tt.mu.Unlock()",
            "\tfor _, f := range []func(){a, t} {\n\t\tt.mu.Lock()\n\t\tdefer t.mu.Unlock()\n\t\tf()\n\t}",
            "\tt.mu.Lock()\n\tdefer t.mu.Unlock()\n\tt.mu.Lock()\n\treturn 0",
            "\tt.mu.Lock()\n\tdefer t.mu.Unlock()\n\treturn t.size()",
            "\tt.mu.Lock()\n\tdefer t.mu.Unlock()\n\treturn size(t)",
            "\tt.mu.Lock()\n\tdefer t.mu.Unlock()\n\treturn size(&t.mu)",
            "\tt.in.mu.Lock()\n\tdefer t.in.mu.Unlock()\n\treturn t.in.size()",
            "\tt.in.mu.Lock()\n\tdefer t.in.mu.Unlock()\n\treturn size(t.in)",
            "\tt.Lock()\n\tdefer t.Unlock()\n\treturn t.size()",
            "\tt.Lock()\n\tdefer t.Unlock()\n\treturn t.\n\t\tsize()",
            "\tt.Lock()\n\tdefer t.RWMutex.Unlock()\n\treturn 0",
            "\tmu.Lock()\n\tdefer mu.Unlock()\n\treturn size()",
            "\tmu.Lock()\n\tdefer mu.Unlock()\n\treturn a.size()",
            "\tmu.Lock()\n\tmu.Unlock()\n\tmu.Lock()\n\tdefer mu.Unlock()\n\treturn size()",
            "\tt.mu.Unlock()\n\ta.Do()\n\tt.mu.Lock()",
            "\tif !t.mu.TryLock() {\n\t\treturn 0\n\t}\n\tt.mu.Unlock()",
            "\tt.mu.Lock()\n\tt.run(t.mu.Unlock)",
            "\tt.mus[0].Lock()\n\tdefer t.mus[0].Unlock()",
            "again:\n\tt.mu.Lock()\n\tdefer t.mu.Unlock()\n\tgoto again",
        ] {
            assert!(!clean(body), "{body}");
        }
    }
}
