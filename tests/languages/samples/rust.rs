//! A store of shapes. fn not_code() {}
#![allow(dead_code)]

use std::{
    collections::{BTreeMap as Map, HashSet},
    fmt::{self, Display},
    io::*,
};
pub use crate::shape::Shape;
extern crate serde as s;

mod shape;
#[path = "other/grid_impl.rs"]
mod grid;

/// How many sides.
/// Never zero.
pub const SIDES: usize = 4;
static NAMES: [&str; 2] = [
    "fn a() {}",
    "struct B;",
];

/* fn commented_out() {} */
/// A pair.
#[derive(Debug, Clone)]
pub(crate) struct Pair<'a, T: ?Sized + 'a, const N: usize = 2>
where
    T: Display,
{
    /// left
    left: &'a T,
    right: [u8; N],
}

pub struct Unit;
struct Wrapped(u32);

#[repr(u8)]
enum Kind {
    Round,
    Edged { sides: u8 },
}

union Bits {
    int: u32,
    float: f32,
}

pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

pub trait Area: Display {
    const UNIT: &'static str;
    type Out;
    fn area(&self) -> f64;
    fn describe(&self) -> String {
        format!("fn fake() {{ {} }}", self.area())
    }
}

impl<'a, T> Area for Pair<'a, T, 2>
where
    T: Display + ?Sized,
{
    const UNIT: &'static str = "m";
    type Out = f64;

    #[inline]
    #[must_use]
    fn area(&self) -> f64 {
        // if this { were } else { code }
        match self.right[0] {
            0 => 0.0,
            n if n > 9 || n == 7 => f64::from(n),
            _ => 1.0,
        }
    }
}

/** Reads it.

fn in_a_block_comment() {}
*/
pub async unsafe fn read<R, F>(
    reader: R, // where from
    mut each: F,
) -> Result<Option<Vec<u8>>>
where
    R: Read,
    F: FnMut(&[u8]) -> bool,
{
    fn helper(x: u32) -> u32 {
        if x > 1 { x } else { 0 }
    }
    let raw = r#"
fn in_a_raw_string() {

}
"#;
    let Some(x) = first(reader)? else { return Ok(None) };
    while each(raw.as_bytes()) && helper(x) > 0 {}
    Ok(None)
}

extern "C" {
    fn strlen(s: *const u8) -> usize;
}

#[macro_export]
macro_rules! square {
    ($x:expr) => {
        fn generated() {}
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use super::super::sibling::Thing;
    mod fixtures;

    #[test]
    fn it_works() {
        assert_eq!(square!(2), 4);
    }
}
