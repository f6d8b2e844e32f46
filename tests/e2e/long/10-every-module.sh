#!/bin/bash
# Every module of the first platform on a controller and a compute node: looked at, installed and verified, looked at again,
# undone; the nodes are as they were.
set -eu
cd "$PROJECT"
CPMG_TEST_MODULES=$(sed -n '/^modules = \[/,/\]/p' roles/platforms/debian-12-zed.toml | tr -d '\n" ' | sed 's/^modules=\[//; s/,*\].*//')
export CPMG_TEST_MODULES
cargo test --test e2e -- --ignored --nocapture --exact as_before::a_look_changes_nothing_and_undo_puts_everything_back
