//! The order of names in which people count: `case 2` before `case 10`.

use std::cmp::Ordering;

/// Compares names: runs of digits by their value, the rest by letters without regard to case, and names that are
/// the same by that as they are.
pub fn natural_order(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    loop {
        let ((x, after_x), (y, after_y)) = (first_part(left), first_part(right));
        let order = match (x.is_empty(), y.is_empty()) {
            (true, true) => return a.cmp(b),
            (true, _) | (_, true) => y.is_empty().cmp(&x.is_empty()),
            _ => part_order(x, y),
        };
        if order.is_ne() {
            return order;
        }
        (left, right) = (after_x, after_y);
    }
}

fn part_order(a: &str, b: &str) -> Ordering {
    let number = |part: &str| part.starts_with(|c: char| c.is_ascii_digit());
    if number(a) && number(b) {
        let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
        return (a.len(), a).cmp(&(b.len(), b));
    }
    a.to_lowercase().cmp(&b.to_lowercase())
}

/// The digits, or what is none, that a text begins with, and what is left.
fn first_part(text: &str) -> (&str, &str) {
    let digits = text.starts_with(|c: char| c.is_ascii_digit());
    let end = text.find(|c: char| c.is_ascii_digit() != digits).unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_count_by_their_value() {
        let sorted = [
            "",
            "1",
            "01",
            "2",
            "10",
            "100000000000000000000000",
            "a",
            "A",
            "a1b2",
            "a1b10",
            "a2",
            "a10",
            "b",
            "case 2",
            "case 10",
            "case 10 b",
            "肝2",
            "肝10",
        ];
        for (n, a) in sorted.iter().enumerate() {
            for (m, b) in sorted.iter().enumerate() {
                let expected = match (*a, *b) {
                    // Equal but for what `cmp` says of them.
                    ("1" | "01", "1" | "01") | ("a" | "A", "a" | "A") => a.cmp(b),
                    _ => n.cmp(&m),
                };
                assert_eq!(natural_order(a, b), expected, "{a} {b}");
            }
        }
    }
}
