//! Symbolic counts: how often something happens, as the text tells it. Compared only where the answer is
//! sure.

use std::sync::Arc;

/// A number that is not known and never negative: `len(items)`, `n`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Symbol {
    /// What tells it from others.
    pub key: Arc<str>,
    /// As a person would write it.
    pub words: Arc<str>,
    /// It is a part of another symbol: `len(items)/2`.
    pub part: Option<Part>,
}

/// `times/over` of what another symbol stands for, rounded down.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Part {
    /// The key of the other symbol.
    pub of: Arc<str>,
    pub times: u32,
    pub over: u32,
}

impl Symbol {
    /// A symbol that is no part of another one.
    pub fn new(key: impl Into<Arc<str>>, words: impl Into<Arc<str>>) -> Symbol {
        Symbol { key: key.into(), words: words.into(), part: None }
    }

    /// Whether `times` of it are more than `others` of the other one, where both are parts of one number, and
    /// that is large.
    fn outgrows(&self, times: u32, other: &Symbol, others: u32) -> bool {
        let whole = |symbol: &Symbol| Part { of: symbol.key.clone(), times: 1, over: 1 };
        let a = self.part.clone().unwrap_or_else(|| whole(self));
        let b = other.part.clone().unwrap_or_else(|| whole(other));
        let weight =
            |count: u32, times: u32, over: u32| u128::from(count) * u128::from(times) * u128::from(over);
        a.of == b.of && weight(times, a.times, b.over) > weight(others, b.times, a.over)
    }
}

/// A number: `times` × a symbol + `plus`, or any.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Size {
    Linear {
        times: u32,
        of: Option<Symbol>,
        plus: i64,
    },
    /// As many as one likes.
    Any,
}

impl Size {
    pub const ZERO: Size = Size::Linear { times: 0, of: None, plus: 0 };
    pub const ONE: Size = Size::Linear { times: 0, of: None, plus: 1 };

    /// A number that is known.
    pub fn number(value: i64) -> Size {
        Size::Linear { times: 0, of: None, plus: value }
    }

    /// A symbol, once.
    pub fn symbol(of: Symbol) -> Size {
        Size::Linear { times: 1, of: Some(of), plus: 0 }
    }

    /// How many iterations of a loop, which begins there, are over: nobody knows.
    pub fn iterations(begin: u32) -> Size {
        Size::symbol(Symbol::new(format!("iterations({begin})"), "any number"))
    }

    /// Whether nothing in the text tells how many there are.
    pub fn is_open(&self) -> bool {
        match self {
            Size::Any => true,
            Size::Linear { of, .. } => of.as_ref().is_some_and(|of| of.key.starts_with("iterations(")),
        }
    }

    /// The number, if it is known.
    pub fn as_number(&self) -> Option<i64> {
        match self {
            Size::Linear { of: None, plus, .. } => Some(*plus),
            _ => None,
        }
    }

    /// The symbol, if it is nothing else.
    pub fn as_symbol(&self) -> Option<&Symbol> {
        match self {
            Size::Linear { times: 1, of: Some(of), plus: 0 } => Some(of),
            _ => None,
        }
    }

    /// The symbol that it is made of, some times, and a number that is not negative.
    pub fn symbol_in(&self) -> Option<&Symbol> {
        match self {
            Size::Linear { of: Some(of), plus: 0.., .. } => Some(of),
            _ => None,
        }
    }

    /// The sum; of two different symbols any.
    pub fn plus(&self, other: &Size) -> Size {
        match (self, other) {
            (Size::Linear { times: a, of: x, plus: p }, Size::Linear { times: b, of: y, plus: q }) => {
                let of = match (x, y) {
                    (Some(x), Some(y)) if x != y => return Size::Any,
                    (x, y) => x.as_ref().or(y.as_ref()).cloned(),
                };
                Size::Linear { times: a.saturating_add(*b), of, plus: p.saturating_add(*q) }
            }
            _ => Size::Any,
        }
    }

    /// The product; of two symbols any.
    pub fn times(&self, other: &Size) -> Size {
        let (number, size) = match (self.as_number(), other.as_number()) {
            (Some(number), _) => (number, other),
            (_, Some(number)) => (number, self),
            _ => return Size::Any,
        };
        match (number, size) {
            (0, _) => Size::ZERO,
            (_, Size::Any) => Size::Any,
            (number, Size::Linear { times, of, plus }) => match u32::try_from(number) {
                Ok(factor) => Size::Linear {
                    times: times.saturating_mul(factor),
                    of: of.clone(),
                    plus: plus.saturating_mul(number),
                },
                Err(_) => Size::Any,
            },
        }
    }

    /// The quotient, rounded down; none where the whole is a part itself, or nobody can tell.
    pub fn over(&self, number: i64) -> Option<Size> {
        let over = u32::try_from(number).ok().filter(|over| *over > 1)?;
        let Size::Linear { times, of, plus } = self else { return None };
        let Some(of) = of else { return Some(Size::number(plus / number)) };
        let part = Part { of: of.key.clone(), times: *times, over };
        let words = match (times, plus) {
            (1, 0) => format!("{self}/{over}"),
            _ => format!("({self})/{over}"),
        };
        let key = format!("({times}*{}{plus:+})/{over}", of.key);
        let symbol = Symbol { part: Some(part), ..Symbol::new(key, words) };
        of.part.is_none().then(|| Size::symbol(symbol))
    }

    /// What is surely there, whatever the symbol is.
    pub fn floor(&self) -> Size {
        match self {
            Size::Linear { of: None, .. } => self.clone(),
            Size::Linear { plus, .. } => Size::number((*plus).max(0)),
            Size::Any => Size::ZERO,
        }
    }

    /// A least number, none where nobody can tell.
    pub fn or_none(&self) -> Size {
        if *self == Size::Any { Size::ZERO } else { self.clone() }
    }

    /// Whether it can be more than `other` for some value of the symbol, a large one where there is one. A
    /// number against a symbol of the other side is not sure.
    pub fn exceeds(&self, other: &Size) -> bool {
        match (self, other) {
            (_, Size::Any) => false,
            (Size::Any, _) => true,
            (Size::Linear { times: a, of: x, plus: p }, Size::Linear { times: b, of: y, plus: q }) => {
                match (x, y) {
                    (Some(x), Some(y)) if x != y => x.outgrows(*a, y, *b),
                    (None, Some(_)) => false,
                    (Some(_), _) if a > b => true,
                    _ => a == b && p > q,
                }
            }
        }
    }

    /// Whether it is more than `other` whatever the symbol is.
    pub fn surely_exceeds(&self, other: &Size) -> bool {
        match (self, other) {
            (Size::Linear { times: a, of: x, plus: p }, Size::Linear { times: b, of: y, plus: q }) => {
                (y.is_none() || x == y) && a >= b && p > q
            }
            _ => false,
        }
    }

    /// The greater one, as far as that is sure; else any.
    pub fn greater(&self, other: &Size) -> Size {
        if self == other || self.exceeds(other) && !other.exceeds(self) {
            self.clone()
        } else if other.exceeds(self) {
            other.clone()
        } else {
            Size::Any
        }
    }

    /// The smaller one, as far as that is sure; else any.
    pub fn lesser(&self, other: &Size) -> Size {
        match (self, other) {
            (a, b) if a == b => a.clone(),
            (Size::Any, _) | (_, Size::Any) => Size::Any,
            (a, b) if a.exceeds(b) => b.clone(),
            (a, b) if b.exceeds(a) => a.clone(),
            _ => Size::Any,
        }
    }
}

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Size::Any => f.write_str("any number"),
            Size::Linear { of: None, plus, .. } => write!(f, "{plus}"),
            Size::Linear { times, of: Some(of), plus } => {
                match times {
                    1 => f.write_str(&of.words)?,
                    times => write!(f, "{times}*{}", of.words)?,
                }
                match plus {
                    0 => Ok(()),
                    plus if *plus > 0 => write!(f, "+{plus}"),
                    plus => write!(f, "{plus}"),
                }
            }
        }
    }
}

/// Between two numbers, both of which can be. Where the least is any, nobody can tell.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Count {
    pub least: Size,
    pub most: Size,
}

impl Count {
    /// Exactly so many.
    pub fn exactly(size: Size) -> Count {
        Count { least: size.clone(), most: size }
    }

    /// From none to so many.
    pub fn up_to(size: Size) -> Count {
        Count { least: Size::ZERO, most: size }
    }

    pub fn once() -> Count {
        Count::exactly(Size::ONE)
    }

    pub fn plus(&self, other: &Count) -> Count {
        Count { least: self.least.plus(&other.least), most: self.most.plus(&other.most) }
    }

    /// This many of what happens `other` times each.
    pub fn times(&self, other: &Count) -> Count {
        Count { least: self.least.times(&other.least), most: self.most.times(&other.most) }
    }

    /// One or the other.
    pub fn or(&self, other: &Count) -> Count {
        Count { least: self.least.lesser(&other.least), most: self.most.greater(&other.most) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn len(of: &str) -> Size {
        let words: Arc<str> = Arc::from(format!("len({of})"));
        Size::symbol(Symbol::new(words.clone(), words))
    }

    #[test]
    fn comparisons_are_sure_or_no() {
        let (two, items) = (Size::number(2), len("items"));
        assert!(two.exceeds(&Size::ONE) && !Size::ONE.exceeds(&two));
        assert!(items.exceeds(&two), "for many items");
        assert!(!two.exceeds(&items), "only for few items, which nobody promised");
        assert!(!items.exceeds(&items) && !items.exceeds(&len("others")));
        assert!(items.plus(&Size::ONE).exceeds(&items));
        assert!(items.times(&Size::number(3)).exceeds(&items.times(&two)));
        assert!(Size::Any.exceeds(&items) && !items.exceeds(&Size::Any));
        assert!(two.surely_exceeds(&Size::ONE) && items.plus(&Size::ONE).surely_exceeds(&items));
        assert!(!items.surely_exceeds(&Size::ONE), "there may be none");
        assert!(!items.plus(&Size::ONE).surely_exceeds(&len("others")));
    }

    #[test]
    fn sums_and_products_keep_one_symbol() {
        let items = len("items");
        assert_eq!(items.plus(&items).to_string(), "2*len(items)");
        assert_eq!(items.plus(&len("others")), Size::Any);
        assert_eq!(items.times(&Size::ZERO), Size::ZERO);
        assert_eq!(items.plus(&Size::number(-1)).to_string(), "len(items)-1");
    }

    #[test]
    fn a_part_is_less_than_the_whole() {
        let items = len("items");
        let half = items.over(2).unwrap();
        assert_eq!(half.to_string(), "len(items)/2");
        assert!(items.exceeds(&half.plus(&Size::ONE)), "for many items");
        assert!(!half.exceeds(&items) && !half.surely_exceeds(&items));
        let thirds = items.times(&Size::number(2)).over(3).unwrap();
        assert_eq!(thirds.to_string(), "(2*len(items))/3");
        assert!(items.exceeds(&thirds.plus(&Size::ONE)) && thirds.exceeds(&half));
        assert!(!half.times(&Size::number(2)).exceeds(&items), "as many, but for one");
        assert!(
            !items.exceeds(&half.times(&Size::number(2))),
            "one more, where they are odd: nobody says so"
        );
        assert!(!items.exceeds(&len("others").over(2).unwrap()));
        assert_eq!(Size::number(7).over(2), Some(Size::number(3)));
        assert_eq!((half.over(2), items.over(0)), (None, None));
    }

    #[test]
    fn either_of_two_is_between_them() {
        let either = Count::once().or(&Count::exactly(Size::ZERO));
        assert_eq!((either.least, either.most), (Size::ZERO, Size::ONE));
        let some = Count::exactly(len("items")).or(&Count::exactly(Size::ZERO));
        assert_eq!((some.least, some.most), (Size::ZERO, len("items")));
    }
}
