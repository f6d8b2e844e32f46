//! Lines of two outputs find their partners.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
use super::*;
use proptest::prelude::*;

fn signs(a: &[&str], b: &[&str], numbers: bool) -> String {
    let sign = |p: &Pair| match (p.same, p.left, p.right) {
        (true, ..) => '=',
        (false, Some(_), Some(_)) => '≠',
        (false, Some(_), None) => '<',
        (false, None, _) => '>',
    };
    diff(a, b, numbers).iter().map(sign).collect()
}

#[test]
fn lines_are_paired() {
    let (a, b) = (["get 12 kB", "unpack", "set up x", "done"], ["get 99 kB", "set up x", "warning", "done"]);
    assert_eq!(signs(&a, &b, false), "=<=>=");
    assert_eq!(signs(&a, &b, true).chars().next(), Some('≠'));
    assert_eq!(signs(&[], &["x"], false), ">");
    assert_eq!(signs(&["x", "y"], &["x", "z"], false), "=≠");
}

proptest! {
    #[test]
    fn every_line_is_there_once_and_in_order(a in prop::collection::vec("[abc]", 0..30), b in prop::collection::vec("[abc]", 0..30)) {
        let (a, b): (Vec<&str>, Vec<&str>) = (a.iter().map(String::as_str).collect(), b.iter().map(String::as_str).collect());
        let pairs = diff(&a, &b, true);
        let left: Vec<usize> = pairs.iter().filter_map(|p| p.left).collect();
        let right: Vec<usize> = pairs.iter().filter_map(|p| p.right).collect();
        prop_assert_eq!(left, (0..a.len()).collect::<Vec<_>>());
        prop_assert_eq!(right, (0..b.len()).collect::<Vec<_>>());
        for p in pairs.iter().filter(|p| p.same) {
            prop_assert_eq!(a[p.left.unwrap()], b[p.right.unwrap()]);
        }
    }
}
