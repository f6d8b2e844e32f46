//! Against fixture trees, each broken in one way, and the real roles.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use super::*;

#[test]
fn a_directory_that_is_not_there_is_a_fault() {
    let faults = Catalog::check(&["/nonexistent/roles".into()]);
    assert_eq!(faults.len(), 1);
    assert!(faults[0].to_string().starts_with("/nonexistent/roles: there is no directory"), "{}", faults[0]);
}
