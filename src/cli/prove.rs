//! `cpmg prove`: starts the proof of an environment, follows its ladder, prints how it ended.

use super::args::Global;
use super::exit::{Code, Fault};
use super::interrupt::Interrupt;
use super::talk::Talk;
use super::{find, print, prompt};
use crate::api::client::Pushed;
use crate::api::proof::ProofAsk;
use crate::api::proof::ProofRow;
use crate::api::{Request, Response, Row, Topic};
use crate::domain::ids::EnvId;
use crate::domain::proof::{Outcome, Proof, Rung, RungState, Said};
use clap::Args;

/// Options of `cpmg prove`.
#[derive(Clone, Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of the command line")]
pub struct ProveArgs {
    /// Environment, by name or number
    pub env: String,
    /// Disk image on the management host that the instances boot (qcow2, raw, vmdk, iso); kept for the next time
    #[arg(long, value_name = "FILE", conflicts_with_all = ["clean", "show", "cancel"])]
    pub image: Option<String>,
    /// Only remove what earlier proofs could not; nothing is proven
    #[arg(long, conflicts_with_all = ["show", "cancel"])]
    pub clean: bool,
    /// Show the proof that runs, or the last one; exit code 0 only if it was green
    #[arg(long, conflicts_with = "cancel")]
    pub show: bool,
    /// End the proof that runs; what it made is still removed
    #[arg(long)]
    pub cancel: bool,
    /// Do not wait for its end: it goes on in the engine
    #[arg(long, conflicts_with_all = ["show", "cancel"])]
    pub detach: bool,
}

/// `cpmg prove …`.
pub async fn run(global: &Global, args: ProveArgs) -> Result<Code, Fault> {
    let mut talk = Talk::open(global).await?;
    let env = find::environment(&talk, &args.env, false).await?.env;
    if args.cancel {
        talk.call(Request::Proof(ProofAsk::Cancel { env: env.id })).await?;
        talk.done(&format!("the proof of {} ends; what it made is removed first", env.name), &env.id)?;
        return Ok(Code::Done);
    }
    if args.show {
        let row = row(&talk, env.id).await?;
        let Some(proof) = row.proof else {
            if talk.json {
                print::json(&serde_json::Value::Null)?;
            } else {
                print::line(&format!("{} was never proven: run 'cpmg prove {}'", env.name, env.name))?;
            }
            return Ok(Code::Failed);
        };
        return show(&talk, &proof, &env.name, false);
    }
    // The engine reads the file, from wherever it was started.
    let image = args.image.as_deref().map(whole_path).transpose()?;
    let interrupt = Interrupt::listen()?;
    talk.call(Request::Subscribe(Topic::Proof(env.id))).await?;
    let request = Request::Proof(ProofAsk::Start { env: env.id, image, clean: args.clean });
    let Response::Proof(proof) = talk.call(request).await? else { return Err(Talk::unexpected()) };
    if args.detach {
        talk.done(
            &format!(
                "proof {} of {} has begun; 'cpmg prove {} --show' tells how it is",
                proof.number, env.name, env.name
            ),
            &proof,
        )?;
        return Ok(Code::Done);
    }
    let proof = follow(&mut talk, env.id, *proof, interrupt).await?;
    show(&talk, &proof, &env.name, true)
}

fn whole_path(typed: &str) -> Result<String, Fault> {
    let path = std::path::absolute(typed).map_err(|e| Fault::usage(format!("{typed}: {e}")))?;
    path.into_os_string().into_string().map_err(|_| Fault::usage(format!("{typed}: this path is not UTF-8")))
}

async fn row(talk: &Talk, env: EnvId) -> Result<ProofRow, Fault> {
    let rows = find::rows(talk, Topic::Proof(env)).await?;
    let row = rows.into_iter().find_map(|r| if let Row::Proof(row) = r { Some(*row) } else { None });
    row.ok_or_else(Talk::unexpected)
}

/// Waits for the end of the proof that was just started, says each rung as it is done. The first Ctrl-C ends the proof, the second leaves it
/// to the engine.
async fn follow(
    talk: &mut Talk,
    env: EnvId,
    mut proof: Proof,
    mut interrupt: Interrupt,
) -> Result<Proof, Fault> {
    let number = proof.number;
    let mut told = 0;
    let mut asked = false;
    loop {
        if !talk.json {
            told = tell(&proof, told)?;
        }
        if proof.ended.is_some() {
            return Ok(proof);
        }
        let pushed = tokio::select! {
            pushed = talk.pushed.recv() => pushed,
            () = interrupt.next() => {
                if asked {
                    return Err(Fault::new(Code::Left, "left; the engine goes on removing what the proof made"));
                }
                asked = true;
                print::complain("the proof ends; what it made is removed first (Ctrl-C again: leave that to the engine)");
                talk.call(Request::Proof(ProofAsk::Cancel { env })).await?;
                continue;
            }
        };
        let Some(pushed) = pushed else {
            return Err(Fault::new(
                Code::NoEngine,
                "the connection to the engine was lost; if the engine still runs, the proof goes on",
            ));
        };
        let Pushed::Update(update) = pushed else { continue };
        for row in update.rows {
            let Row::Proof(row) = row else { continue };
            if let Some(fresh) = row.proof.filter(|p| p.number == number) {
                proof = fresh;
            }
        }
    }
}

/// Prints the rungs that are done and were not printed yet, in the order of the ladder.
fn tell(proof: &Proof, told: usize) -> Result<usize, Fault> {
    let done = |r: &Rung| !matches!(r.state, RungState::Waiting | RungState::Running);
    let mut told = told;
    while let Some(rung) = proof.rungs.get(told) {
        let skipped_by_stop = rung.state == RungState::Waiting
            && proof.rungs.get(told + 1..).unwrap_or_default().iter().any(|r| r.state != RungState::Waiting);
        if skipped_by_stop || (rung.state == RungState::Waiting && proof.ended.is_some()) {
            told += 1;
            continue;
        }
        if !done(rung) {
            break;
        }
        print_rung(rung)?;
        told += 1;
    }
    if prompt::interactive()
        && let Some(rung) = proof.current()
        && let Some(said) = rung.said.first()
    {
        print::complain(&format!("    {}: {}", rung.kind.word(), said.words()));
    }
    Ok(told)
}

fn print_rung(rung: &Rung) -> Result<(), Fault> {
    let mark = match rung.state {
        RungState::Passed => "ok",
        RungState::Failed => "RED",
        RungState::Skipped => "left out",
        RungState::Ended => "ended",
        _ => "?",
    };
    let took = rung.took(print::now()).map(print::span).unwrap_or_default();
    let usual = if rung.guess { String::new() } else { format!(" (usually {})", print::span(rung.usual_ms)) };
    let first = rung.said.first().map(Said::words).unwrap_or_default();
    print::line(&format!("{mark:8} {:14} {took:>6}{usual}  {first}", rung.kind.word()))?;
    for more in rung.said.iter().skip(1) {
        print::line(&format!("{:31}{}", "", more.words()))?;
    }
    Ok(())
}

/// Prints how a proof ended, or stands. `told`: its rungs were printed while they were climbed.
fn show(talk: &Talk, proof: &Proof, name: &str, told: bool) -> Result<Code, Fault> {
    let code = match proof.outcome {
        Outcome::Proven | Outcome::Cleaned => Code::Done,
        _ => Code::Failed,
    };
    if talk.json {
        print::json(&json(proof))?;
        return Ok(code);
    }
    if !told {
        for rung in proof.rungs.iter().filter(|r| r.state != RungState::Waiting) {
            print_rung(rung)?;
        }
    }
    for part in &proof.logs {
        let old = if part.earlier { ", nothing since then; before" } else { "" };
        print::line(&format!("\n{} {} ({}{old})", part.node, part.source, part.module))?;
        for line in &part.lines {
            print::line(&format!("    {line}"))?;
        }
    }
    let took = print::span(proof.ended.unwrap_or_else(print::now).since(proof.started));
    let red = proof.red().map(|r| format!(": {} is red", r.kind.word())).unwrap_or_default();
    let words = match proof.outcome {
        Outcome::Running => "goes on",
        Outcome::Proven => "PROVEN: every rung is green, and everything that was made is removed",
        Outcome::Failed => "NOT PROVEN",
        Outcome::Cancelled => "ended early",
        Outcome::Interrupted => "interrupted by the end of the engine",
        Outcome::Cleaned => "nothing of earlier proofs is left",
        Outcome::Unknown => "?",
    };
    print::line(&format!("\n{name}: {words}{red}; proof {} by {}, {took}", proof.number, proof.by))?;
    if proof.may_have_left() {
        print::line(&format!(
            "what it made may still be there: 'cpmg prove {name} --clean' removes it, and so does the next proof"
        ))?;
    }
    Ok(code)
}

/// The record with its sentences.
fn json(proof: &Proof) -> serde_json::Value {
    let mut value = serde_json::json!(proof);
    let rungs = value.get_mut("rungs").and_then(serde_json::Value::as_array_mut);
    for (told, rung) in rungs.into_iter().flatten().zip(&proof.rungs) {
        let words: Vec<String> = rung.said.iter().map(Said::words).collect();
        if let Some(map) = told.as_object_mut() {
            map.insert("words".to_owned(), words.into());
        }
    }
    value
}
