//! Stands between the parser and the library's terminal: hands on what a shell needs and drops the rest.
//!
//! Dropped are the clipboard (OSC 52), hyperlinks (each cell would hold an address of any length), palette changes and
//! colour queries (the painter uses the operator's colours), the kitty keyboard protocol, and marks without an end on
//! one character. Invisible formatting characters are dropped too: a bidirectional override would reorder what the
//! operator reads.

use alacritty_terminal::Term;
use alacritty_terminal::event::{Event, EventListener};
use alacritty_terminal::term::cell::Flags;
use alacritty_terminal::vte::ansi::{
    Attr, CharsetIndex, ClearMode, CursorShape, CursorStyle, Handler, LineClearMode, Mode, PrivateMode,
    StandardCharset, TabulationClearMode,
};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use unicode_width::UnicodeWidthChar;

/// Combining marks a cell holds.
const MARKS: usize = 8;
/// Bytes of answers kept for the program.
const ANSWERS: usize = 4096;
/// Characters of a title.
const TITLE: usize = 120;

/// What the library reports while it parses.
#[derive(Debug, Default)]
pub(super) struct Mail {
    pub answers: Vec<u8>,
    pub title: String,
    pub bell: bool,
}

/// The library's listener: collects its reports.
#[derive(Debug, Clone, Default)]
pub(super) struct Mailbox(Arc<Mutex<Mail>>);

impl Mailbox {
    pub fn open(&self) -> MutexGuard<'_, Mail> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventListener for Mailbox {
    fn send_event(&self, event: Event) {
        match event {
            Event::PtyWrite(text) => {
                let mut mail = self.open();
                if mail.answers.len() + text.len() <= ANSWERS {
                    mail.answers.extend_from_slice(text.as_bytes());
                }
            }
            Event::Title(title) => {
                self.open().title =
                    title.chars().filter(|c| !c.is_control() && !is_formatting(*c)).take(TITLE).collect();
            }
            Event::ResetTitle => self.open().title.clear(),
            Event::Bell => self.open().bell = true,
            _ => {}
        }
    }
}

/// Characters that print nothing but change how others are shown or measured.
fn is_formatting(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// What the filter remembers between portions.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// The library does not tell which of its character sets is active.
    pub charset: CharsetIndex,
    /// Characters that may still be written in this portion.
    pub budget: usize,
}

/// The filter for one portion of bytes.
pub(super) struct Filter<'a> {
    pub term: &'a mut Term<Mailbox>,
    pub memory: &'a mut Memory,
}

impl Filter<'_> {
    /// Whether the cell that a mark would join is full.
    fn marks_full(&self) -> bool {
        let grid = self.term.grid();
        let mut point = grid.cursor.point;
        if !grid.cursor.input_needs_wrap {
            point.column.0 = point.column.0.saturating_sub(1);
        }
        if grid[point].flags.contains(Flags::WIDE_CHAR_SPACER) {
            point.column.0 = point.column.0.saturating_sub(1);
        }
        grid[point].zerowidth().is_some_and(|marks| marks.len() >= MARKS)
    }
}

/// Methods handed on unchanged.
macro_rules! hand_on {
    ($($name:ident($($argument:ident: $kind:ty),*);)*) => {
        $(#[inline] fn $name(&mut self, $($argument: $kind),*) { self.term.$name($($argument),*); })*
    };
}

impl Handler for Filter<'_> {
    #[inline]
    fn input(&mut self, c: char) {
        // A repeat sequence of seven bytes prints 65,535 characters.
        let Some(budget) = self.memory.budget.checked_sub(1) else { return };
        self.memory.budget = budget;
        if c >= '\u{ad}' && (is_formatting(c) || (c.width() == Some(0) && self.marks_full())) {
            return;
        }
        self.term.input(c);
    }

    #[inline]
    fn set_active_charset(&mut self, index: CharsetIndex) {
        self.memory.charset = index;
        self.term.set_active_charset(index);
    }

    #[inline]
    fn reset_state(&mut self) {
        self.memory.charset = CharsetIndex::G0;
        self.term.reset_state();
        // The library clears its title without a word.
        self.term.set_title(None);
    }

    hand_on! {
        set_title(title: Option<String>);
        set_cursor_style(style: Option<CursorStyle>);
        set_cursor_shape(shape: CursorShape);
        goto(line: i32, column: usize);
        goto_line(line: i32);
        goto_col(column: usize);
        insert_blank(count: usize);
        move_up(count: usize);
        move_down(count: usize);
        identify_terminal(intermediate: Option<char>);
        device_status(what: usize);
        move_forward(count: usize);
        move_backward(count: usize);
        move_down_and_cr(count: usize);
        move_up_and_cr(count: usize);
        put_tab(count: u16);
        backspace();
        carriage_return();
        linefeed();
        bell();
        substitute();
        newline();
        set_horizontal_tabstop();
        scroll_up(count: usize);
        scroll_down(count: usize);
        insert_blank_lines(count: usize);
        delete_lines(count: usize);
        erase_chars(count: usize);
        delete_chars(count: usize);
        move_backward_tabs(count: u16);
        move_forward_tabs(count: u16);
        save_cursor_position();
        restore_cursor_position();
        clear_line(mode: LineClearMode);
        clear_screen(mode: ClearMode);
        clear_tabs(mode: TabulationClearMode);
        set_tabs(interval: u16);
        reverse_index();
        terminal_attribute(attribute: Attr);
        set_mode(mode: Mode);
        unset_mode(mode: Mode);
        report_mode(mode: Mode);
        set_private_mode(mode: PrivateMode);
        unset_private_mode(mode: PrivateMode);
        report_private_mode(mode: PrivateMode);
        set_scrolling_region(top: usize, bottom: Option<usize>);
        set_keypad_application_mode();
        unset_keypad_application_mode();
        configure_charset(index: CharsetIndex, charset: StandardCharset);
        decaln();
        push_title();
        pop_title();
        text_area_size_chars();
    }
}
