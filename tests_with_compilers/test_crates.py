"""Rust crates rewritten whole by each technique that promises to keep the meaning: they compile, and their unit tests end as before.

``CRATES`` names a folder with crates that need no other crate (each a folder with ``Cargo.toml`` and ``src/lib.rs``, at any depth); without
it only the crate below is compiled. Without ``rustc`` the tests fail.
"""

import os
import shutil
from pathlib import Path

import pytest

from benchmarks.augment_rust import crate_of, outcome_of, rewritten
from elite_code_dataset.augment.files import file_techniques

MANIFEST = '[package]\nname = "kit"\nversion = "0.1.0"\nedition = "2021"\n\n[features]\ndefault = ["loud"]\nloud = []\n'
LIBRARY = """//! A crate in which names are caught by formats, closures, patterns, macros, shadows and fields.
mod queue;
pub use queue::Queue;

use std::collections::HashMap;
use std::fmt;

#[derive(Debug, Clone, PartialEq)]
pub struct Point { pub x: i64, pub y: i64 }

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Point { x, y } = self;
        write!(f, "<{x}, {y:>3}>")
    }
}

macro_rules! doubled { ($e:expr) => {{ let value = $e; value + value }}; }

pub const LIMIT: usize = 4;

/// Sums what `keep` keeps.
pub fn summed<F: Fn(&i64) -> bool>(numbers: &[i64], keep: F) -> Result<i64, String> {
    let mut total: i64 = 0; // so far
    for (place, number) in numbers.iter().enumerate() {
        if !keep(number) { continue; }
        let number = number.checked_mul(2).ok_or_else(|| format!("{place}: {number} is too large"))?;
        total += number;
    }
    if total != 0 && !numbers.is_empty() { Ok(total / 2) } else { Err(String::from("nothing")) }
}

pub fn made(count: usize) -> Vec<Point> {
    let mut points = Vec::new();
    let mut left = count;
    'outer: loop {
        while left > 0 {
            let x = left as i64;
            let y = if x % 2 == 0 { -x } else { x };
            points.push(Point { x, y });
            left -= 1;
            if points.len() >= LIMIT { break 'outer; }
        }
        break;
    }
    points
}

pub fn counted(words: &str) -> Vec<(String, usize)> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for word in words.split_whitespace() { *counts.entry(word).or_insert(0) += 1; }
    let mut found: Vec<_> = counts.into_iter().map(|(word, count)| (word.to_string(), count)).collect();
    found.sort_by(|(first, a), (second, b)| b.cmp(a).then_with(|| first.cmp(second)));
    found
}

pub fn kind(number: i64) -> &'static str {
    let even = number % 2 == 0;
    match number {
        n if n < 0 => "negative",
        0 => "none",
        n @ 1..=9 if even || n == 7 => "small",
        _ => { if !(even && number > 100) { "some" } else { "many" } }
    }
}

#[cfg(feature = "loud")]
pub fn said(name: &str) -> String { let name = name.to_uppercase(); format!("{name:?} {} {0}", doubled!(name.len())) }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums() {
        let numbers = [1, 2, 3];
        assert_eq!(summed(&numbers, |n| *n > 1), Ok(5), "of {numbers:?}");
        assert_eq!(summed(&[i64::MAX], |_| true), Err(format!("0: {} is too large", i64::MAX)));
        assert!(summed(&[], |_| true).is_err());
    }

    #[test]
    fn makes() {
        let points = made(9);
        assert_eq!(points.len(), LIMIT);
        assert_eq!(points[1].to_string(), "<8,  -8>");
        assert_eq!(made(1), vec![Point { x: 1, y: 1 }]);
    }

    #[test]
    fn counts() {
        assert_eq!(counted("b a b c a b"), [("b".to_string(), 3), ("a".to_string(), 2), ("c".to_string(), 1)]);
    }

    #[test]
    fn tells_kinds() {
        let kinds: Vec<_> = [-1, 0, 4, 5, 7, 99, 102].iter().map(|n| kind(*n)).collect();
        assert_eq!(kinds, ["negative", "none", "small", "some", "small", "some", "many"]);
    }

    #[test]
    fn says() { assert_eq!(said("ab"), "\\"AB\\" 4 4"); }
}
"""
QUEUE = """/// First in, first out.
#[derive(Default)]
pub struct Queue<T> { items: Vec<T>, taken: usize }

impl<T: Clone> Queue<T> {
    pub fn push(&mut self, item: T) -> &mut Self { self.items.push(item); self }

    pub fn pop(&mut self) -> Option<T> {
        let item = self.items.get(self.taken)?.clone();
        self.taken += 1;
        let worth = self.taken > 2 && self.taken * 2 > self.items.len();
        if worth { self.items.drain(..self.taken); self.taken = 0; }
        Some(item)
    }

    pub fn len(&self) -> usize { let all = self.items.len(); all - self.taken }

    pub fn is_empty(&self) -> bool { return self.len() == 0; }
}

#[test]
fn what_goes_in_comes_out() {
    let mut queue = Queue::default();
    for n in 0..5 { queue.push(n); }
    let popped: Vec<i32> = std::iter::from_fn(|| queue.pop()).collect();
    assert_eq!((popped, queue.len(), queue.is_empty()), ((0..5).collect(), 0, true));
}
"""


def written(folder):
    (folder / "src").mkdir(parents=True)
    (folder / "Cargo.toml").write_text(MANIFEST)
    (folder / "src" / "lib.rs").write_text(LIBRARY)
    (folder / "src" / "queue.rs").write_text(QUEUE)
    return folder / "Cargo.toml"


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    """Each crate that compiles as it is, with its outcome."""
    if not shutil.which("rustc"):
        pytest.fail("these tests compile Rust and found no rustc on the PATH; install Rust, or run `make test`, which needs none")
    place = tmp_path_factory.mktemp("crates")
    crates = [crate_of("kit", written(place / "kit"))]
    named = os.environ.get("CRATES")
    found = sorted(one for one in Path(named).rglob("Cargo.toml") if (one.parent / "src" / "lib.rs").exists()) if named else []
    if named and not found:
        pytest.fail(f"CRATES is {named!r}, and no folder below it holds Cargo.toml and src/lib.rs; name one that holds unpacked crates")
    crates += [crate_of(one.parent.name, one) for one in found]
    outcomes = {crate: outcome_of(crate, crate.folder, place / "out") for crate in crates}
    print("do not compile by themselves:", [crate.name for crate, outcome in outcomes.items() if not outcome.compiles])
    return {crate: outcome for crate, outcome in outcomes.items() if outcome.compiles}


def test_the_crate_below_compiles_and_its_tests_pass_as_they_are(before):
    ends = {crate.name: outcome.tests for crate, outcome in before.items()}["kit"]
    assert len(ends) == 6 and set(ends.values()) == {"ok"}


@pytest.mark.parametrize("technique", file_techniques())
def test_rewritten_crates_compile_and_their_tests_end_as_before(technique, before, tmp_path):
    files = 0
    for crate, first in before.items():
        counts = rewritten(crate, technique, tmp_path / crate.name)
        after = outcome_of(crate, tmp_path / crate.name, tmp_path / "out")
        assert (after.compiles, after.tests) == (first.compiles, first.tests), f"{crate.name} by {technique}: {after.message}"
        files += counts["rewritten"]
    assert files


def test_a_wrong_rewriting_would_be_seen(before, tmp_path):
    crate = next(crate for crate in before if crate.name == "kit")
    for number, (old, new) in enumerate([("let x = left", "let z = left"), ("number > 100", "number < 100")]):
        copy = tmp_path / str(number)
        shutil.copytree(crate.folder, copy)
        (copy / "src" / "lib.rs").write_text(LIBRARY.replace(old, new))
        after = outcome_of(crate, copy, tmp_path / "out")
        assert (after.compiles, after.tests) != (True, before[crate].tests)
