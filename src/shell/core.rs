//! The emulator and the log of one shell, kept together: every byte goes to both.

use std::time::Instant;

use super::log::Log;
use crate::terminal::{Alacritty, Answers, Emulator, HISTORY_LINES, Size};

/// Bytes a chunk has at most, unless it is a redrawn screen. Of the shortest lines (`yes`) so many take an emulator 2.5 ms: what
/// other shells have to show comes between them.
const CHUNK: usize = 8 * 1024;

/// What a client gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Read from this number next.
    pub next: u64,
    /// The size of the pty; changes only with a redraw.
    pub size: Size,
    /// Start from a fresh emulator of that size: the bytes draw the whole screen, its history included.
    pub redraw: bool,
    /// 8 KiB at most, empty when there is nothing new. A redrawn screen usually has 10 to 200 KiB; one of 1,000 columns
    /// with colours of its own in each cell some megabytes, to be sent in parts.
    pub bytes: Vec<u8>,
}

/// Emulator and log.
pub(super) struct Core {
    emulator: Alacritty,
    log: Log,
}

/// What is to be done after bytes were taken.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Taken {
    /// To be sent to the program.
    pub answers: Vec<u8>,
    /// The program is to paint its screen anew.
    pub repaint: bool,
}

impl Core {
    pub fn new(size: Size, capacity: usize) -> Self {
        Self { emulator: Alacritty::new(size, Answers::Collect), log: Log::new(capacity) }
    }

    pub fn end(&self) -> u64 {
        self.log.end()
    }

    pub fn size(&self) -> Size {
        self.emulator.size()
    }

    pub fn emulator(&self) -> &Alacritty {
        &self.emulator
    }

    /// Output of the shell.
    pub fn feed(&mut self, bytes: &[u8]) -> Taken {
        self.emulator.feed(bytes);
        self.log.push(bytes);
        self.settle()
    }

    /// Output was lost on the way: what follows does not fit to what was before.
    pub fn lost(&mut self) -> Taken {
        // Ends a sequence whose end may have been lost.
        self.emulator.feed(b"\x18");
        self.log.cut();
        Taken { repaint: true, ..self.settle() }
    }

    /// The pty has another size; false when it has not.
    pub fn resize(&mut self, size: Size) -> bool {
        if size == self.emulator.size() {
            return false;
        }
        self.emulator.resize(size);
        // Rewrapping depends on what a redraw cannot carry: everybody is redrawn.
        self.log.cut();
        self.settle();
        true
    }

    pub fn deadline(&self) -> Option<Instant> {
        self.emulator.deadline()
    }

    pub fn tick(&mut self, now: Instant) -> Taken {
        self.emulator.tick(now);
        self.settle()
    }

    fn settle(&mut self) -> Taken {
        let repaint = self.emulator.take_needs_repaint();
        if repaint {
            self.log.cut();
        }
        Taken { answers: self.emulator.take_answers(), repaint }
    }

    pub fn read_from(&mut self, offset: u64) -> Chunk {
        match self.log.read_from(offset, CHUNK) {
            Some(bytes) => {
                Chunk { next: offset + bytes.len() as u64, size: self.emulator.size(), redraw: false, bytes }
            }
            None => self.redraw(),
        }
    }

    pub fn redraw(&mut self) -> Chunk {
        let bytes = self.emulator.redraw(HISTORY_LINES);
        Chunk { next: self.log.end(), size: self.emulator.size(), redraw: true, bytes }
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "tests"
    )]
    use super::*;
    use crate::terminal::{Cell, Screen, Width};
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;
    use std::time::Duration;

    /// The screen, with nothing but blanks where the last column is blank: what once was a filler has the
    /// colours of the text or, after rewrapping, none.
    fn shown(emulator: &Alacritty) -> Screen {
        let mut screen = emulator.screen();
        for row in screen.cells.chunks_mut(usize::from(screen.size.columns())) {
            let last = row.last_mut().unwrap();
            if last.character == ' ' && last.width != Width::Continuation {
                *last = Cell::default();
            }
        }
        screen
    }

    /// A client, as it is meant to follow.
    struct Client {
        emulator: Alacritty,
        next: u64,
        redraws: usize,
    }

    impl Client {
        fn attach(core: &mut Core) -> Self {
            let mut client =
                Self { emulator: Alacritty::new(Size::default(), Answers::Discard), next: 0, redraws: 0 };
            let chunk = core.redraw();
            client.take(&chunk);
            client
        }

        fn take(&mut self, chunk: &Chunk) {
            if chunk.redraw {
                self.emulator = Alacritty::new(chunk.size, Answers::Discard);
                self.redraws += 1;
            }
            assert_eq!(self.emulator.size(), chunk.size);
            self.emulator.feed(&chunk.bytes);
            self.next = chunk.next;
        }

        fn follow(&mut self, core: &mut Core) {
            while self.next != core.end() {
                let chunk = core.read_from(self.next);
                self.take(&chunk);
            }
        }

        fn same_as(&mut self, core: &mut Core) {
            self.follow(core);
            let late = Instant::now() + Duration::from_secs(9);
            core.tick(late);
            self.emulator.tick(late);
            assert_eq!(self.emulator.screen().lines(), core.emulator.screen().lines());
            assert_eq!(shown(&self.emulator), shown(&core.emulator));
            assert_eq!(self.emulator.modes(), core.emulator.modes());
        }
    }

    #[test]
    fn a_follower_that_keeps_up_is_never_redrawn() {
        let mut core = Core::new(Size::new(40, 10), 1000);
        let mut client = Client::attach(&mut core);
        for line in 0..100 {
            core.feed(format!("line {line}\r\n").as_bytes());
            client.follow(&mut core);
        }
        client.same_as(&mut core);
        assert_eq!(client.redraws, 1);
        core.resize(Size::new(30, 5));
        core.feed(b"after");
        client.same_as(&mut core);
        assert_eq!(client.redraws, 2);
        assert_eq!(client.emulator.history(), core.emulator.history());
    }

    #[test]
    fn a_follower_that_fell_behind_is_redrawn() {
        let mut core = Core::new(Size::new(40, 10), 1000);
        let mut client = Client::attach(&mut core);
        for line in 0..1000 {
            core.feed(format!("line {line}\r\n").as_bytes());
        }
        core.resize(Size::new(50, 12));
        client.same_as(&mut core);
        assert_eq!(client.redraws, 2);
        assert!(client.emulator.history() > 900, "its history comes back as well");
    }

    #[test]
    fn lost_output_ends_in_a_redraw() {
        let mut core = Core::new(Size::new(40, 10), 1000);
        let mut client = Client::attach(&mut core);
        core.feed(b"before\x1b]0;half a ti");
        client.follow(&mut core);
        assert!(core.lost().repaint);
        core.feed(b" after");
        client.same_as(&mut core);
        assert_eq!(client.redraws, 2);
        assert_eq!(client.emulator.screen().lines()[0], "before after");
    }

    #[test]
    fn the_engine_answers_and_the_client_does_not() {
        let mut core = Core::new(Size::new(40, 10), 1000);
        let mut client = Client::attach(&mut core);
        assert_eq!(core.feed(b"\x1b[6n").answers, b"\x1b[1;1R");
        client.follow(&mut core);
        assert_eq!(client.emulator.take_answers(), b"");
        // A redraw holds no question.
        assert_eq!(core.feed(&core.emulator.screen().lines().join("").into_bytes()).answers, b"");
    }

    #[derive(Debug, Clone)]
    enum Deed {
        Feed(Vec<u8>),
        Resize(u16, u16),
        Lost,
        Follow(usize),
        Attach(usize),
    }

    fn deed() -> impl Strategy<Value = Deed> {
        let piece = prop_oneof![
            // No `b`: at the end of a cut sequence it repeats the last character, which a redraw does not carry.
            "[acdm ]{1,60}",
            "[中文字]{1,20}",
            Just("\r\n".to_owned()),
            (1..12, 1..40).prop_map(|(line, column)| format!("\x1b[{line};{column}H")),
            // After a resize the library (0.26.0) leaves stale backgrounds when it clears a screen, and a saved cursor
            // somewhere: neither here.
            (30..38).prop_map(|code| format!("\x1b[{code}m")),
            prop::sample::select(vec![
                "\x1b[m",
                "\x1b[1;4m",
                "\x1b[K",
                "\x1b[2J",
                "\x1b[J",
                "\x1b[2;5r",
                "\x1b[r",
                "\x1b[L",
                "\x1b[M",
                "\x1b[?1049h",
                "\x1b[?1049l",
                "\x1b[?1h",
                "\x1b[?2004h",
                "\x1b[?2026h",
                "\x1b[?2026l",
                "\x1b[3P",
                "\x1b[2@",
                "\x1b[?25l",
                "\x1b[?25h",
                "\x1b(0",
                "\x1b(B",
            ])
            .prop_map(str::to_owned),
        ];
        // Cut anywhere: also in the middle of a sequence or of a character.
        let bytes = (prop::collection::vec(piece, 1..6), 0_usize..4).prop_map(|(pieces, cut)| {
            let mut bytes = pieces.concat().into_bytes();
            bytes.truncate(bytes.len().saturating_sub(cut));
            bytes
        });
        prop_oneof![
            8 => bytes.prop_map(Deed::Feed),
            1 => (20_u16..60, 4_u16..14).prop_map(|(columns, lines)| Deed::Resize(columns, lines)),
            1 => Just(Deed::Lost),
            3 => (0_usize..3).prop_map(Deed::Follow),
            1 => (0_usize..3).prop_map(Deed::Attach),
        ]
    }

    /// Always the same walks. What a redraw cannot carry (half a wide character that a program cut in two acts on what is
    /// written over it) is met about once in five thousand others. Change it to explore.
    const SEED: RngSeed = RngSeed::Fixed(2026);

    proptest! {
        #![proptest_config(ProptestConfig { cases: 150, rng_seed: SEED, ..ProptestConfig::default() })]

        /// Whenever clients come and however far they fall behind, in the end they show what the engine has.
        #[test]
        fn every_client_shows_the_same(deeds in prop::collection::vec(deed(), 1..60)) {
            let mut core = Core::new(Size::new(40, 10), 200);
            let mut clients: Vec<Client> = (0..3).map(|_| Client::attach(&mut core)).collect();
            for deed in deeds {
                match deed {
                    Deed::Feed(bytes) => drop(core.feed(&bytes)),
                    Deed::Resize(columns, lines) => drop(core.resize(Size::new(columns, lines))),
                    Deed::Lost => drop(core.lost()),
                    Deed::Follow(which) => clients[which].follow(&mut core),
                    Deed::Attach(which) => clients[which] = Client::attach(&mut core),
                }
            }
            // An update in progress is ended by a redraw in the engine, and by time in a client.
            core.feed(b"\x18\x1b[?2026l");
            for client in &mut clients {
                client.same_as(&mut core);
            }
        }
    }
}
