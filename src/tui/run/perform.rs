//! What the interface wants done outside: requests, files of this host, the clipboard, leaving.

use super::super::event::{Command, Event};
use super::super::files::{FILE_MAX, keep_look, place, write_file};
use super::super::guard::Guard;
use super::super::options::Exit;
use super::super::{i18n, moving};
use super::{Inner, Loop, failure};
use crate::api::{ClientError, Failure, FailureKind, Request};
use crate::domain::import;
use crate::domain::secret::Secret;
use crossterm::clipboard::CopyToClipboard;
use crossterm::execute;
use futures_util::FutureExt;
use std::io;

impl Loop {
    pub(super) fn perform(&mut self, command: Command) {
        match command {
            Command::Call { to, tag, request } => {
                let Some(client) = self.client.clone() else {
                    let result = Err(failure(ClientError::Lost));
                    let _ = self.send.send(Inner::Event(Box::new(Event::Answer { to, tag, result })));
                    return;
                };
                let request = self.with_locale(request);
                let send = self.send.clone();
                let mut call = Box::pin(async move {
                    let result = client.call(request).await.map_err(failure);
                    let _ = send.send(Inner::Event(Box::new(Event::Answer { to, tag, result })));
                });
                // Asked once here, so that requests leave in the order in which they were made.
                if (&mut call).now_or_never().is_none() {
                    tokio::spawn(call);
                }
            }
            command if self.options.served && self.stays_here(&command) => {}
            Command::ReadFile { to, path } => self.read(to, path, FILE_MAX),
            Command::ReadText { to, path } => self.read(to, path, import::TEXT_MAX as u64),
            Command::WriteFile { path, text } => {
                let send = self.send.clone();
                tokio::spawn(async move {
                    let result = write_file(&path, &text).await;
                    let _ = send.send(Inner::Event(Box::new(Event::Written { path, result })));
                });
            }
            Command::KeepLook { to, kind, name, file, text } => {
                let (send, dir) = (self.send.clone(), self.options.own_themes.clone());
                tokio::spawn(async move {
                    let result = keep_look(dir, kind, &name, file, &text).await.map(Secret::new);
                    let _ = send.send(Inner::Event(Box::new(Event::File { to, result })));
                });
            }
            Command::Transfer(transfer) => {
                let (client, send) = (self.client.clone(), self.send.clone());
                tokio::spawn(async move {
                    let tell = |event| drop(send.send(Inner::Event(Box::new(event))));
                    let result = match client {
                        Some(client) => {
                            moving::move_file(&client, &transfer, place(&transfer.here), tell).await
                        }
                        None => Err(failure(ClientError::Lost)),
                    };
                    tell(Event::Moved(result));
                });
            }
            Command::Token(token) => (self.options.on_token)(token.as_ref()),
            Command::Copy(text) => {
                let _ = execute!(io::stdout(), CopyToClipboard::to_clipboard_from(text));
            }
            Command::Mouse(on) => drop(Guard::mouse(on)),
            Command::Remember { user, prefs } => (self.options.on_choice)(&user, &prefs),
            Command::Redraw => drop(self.afresh()),
            Command::Suspend => {
                if let Err(fault) = self.suspend() {
                    self.app.defect = Some(fault.to_string());
                }
            }
            Command::Quit => {
                let jobs = self.app.shared.data.running_jobs().len();
                self.exit = Some(Exit::Left { jobs });
            }
        }
    }

    /// Refuses what would touch files of this host, or leave its process standing where nobody can wake it.
    fn stays_here(&mut self, command: &Command) -> bool {
        let key = "error-not-from-afar";
        let why = || self.app.shared.tr(&i18n::Text::key(key));
        let event = match command {
            Command::ReadFile { to, .. } | Command::ReadText { to, .. } | Command::KeepLook { to, .. } => {
                Event::File { to: *to, result: Err(why()) }
            }
            Command::WriteFile { path, .. } => Event::Written { path: path.clone(), result: Err(why()) },
            Command::Transfer(_) => {
                Event::Moved(Err(Failure::new(FailureKind::NotAllowed, why()).keyed(key)))
            }
            Command::Suspend => return true,
            _ => return false,
        };
        let _ = self.send.send(Inner::Event(Box::new(event)));
        true
    }

    /// What is asked for, with the locale that only this process knows.
    fn with_locale(&self, request: Request) -> Request {
        match request {
            Request::ShellOpen { node, cols, rows, job, .. } => {
                Request::ShellOpen { node, cols, rows, job, locale: self.options.locale.clone() }
            }
            other => other,
        }
    }
}
