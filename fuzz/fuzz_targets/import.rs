#![no_main]
//! Lists of machines in every form, and answers of Cobbler. The first byte chooses the form.

use cpmg::cobbler::systems_in;
use cpmg::domain::cobbler::CobblerSystem;
use cpmg::domain::import::preview::{Defaults, plan};
use cpmg::domain::import::{Format, Records, cobbler, read};
use std::collections::BTreeMap;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((form, text)) = data.split_first() else { return };
    let text = String::from_utf8_lossy(text);
    let form = usize::from(*form) % (Format::ALL.len() + 1);
    let records: Records = match Format::ALL.get(form) {
        Some(form) => read(*form, &text),
        None => {
            let Ok(systems) = systems_in(&text) else { return };
            let systems: Vec<CobblerSystem> = systems
                .into_iter()
                .map(|s| CobblerSystem {
                    addresses: s.interfaces.iter().filter_map(|i| Some(i.address?.to_string())).collect(),
                    macs: s.interfaces.iter().filter_map(|i| Some(i.mac.as_ref()?.to_string())).collect(),
                    name: s.name,
                    profile: s.profile,
                    netboot: s.netboot,
                    power: s.power.kind,
                    power_password: s.power.has_password,
                })
                .collect();
            cobbler::records(&systems, |_| false)
        }
    };
    let defaults = Defaults { user: "root".into(), port: 22, keys: BTreeMap::default() };
    let (preview, work) = plan(&records, &[], &defaults);
    assert!(work.len() <= preview.rows.len(), "more work than lines");
});
