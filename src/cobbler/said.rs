//! What can go wrong with Cobbler, as sentences that are kept and read in any language.

use super::error::CobblerError;
use crate::domain::said::{Said, sentence};
use std::fmt;

impl CobblerError {
    /// The sentence for the operator. What the server itself says is as the server says it.
    #[expect(clippy::too_many_lines, reason = "one sentence for each of them")]
    pub fn said(&self) -> Said {
        match self {
            Self::NotSet => sentence!(
                "cobbler-not-set",
                "this environment has no Cobbler server: say where it is (cpmg cobbler set), or install the node by hand"
            ),
            Self::Address { url } => sentence!(
                "cobbler-address",
                "'{url}' is no address of a Cobbler server: write http(s)://HOST/cobbler_api",
                url = url
            ),
            Self::Authority { why } => sentence!(
                "cobbler-authority",
                "the certificate authority for Cobbler cannot be read: {why}",
                why = why
            ),
            Self::Unreachable { why } => sentence!(
                "cobbler-unreachable",
                "the Cobbler server does not answer ({why}): check its address, and on the server that cobblerd runs",
                why = why
            ),
            Self::Unclear { method, why } => sentence!(
                "cobbler-unclear",
                "the Cobbler server gave no answer to {method} ({why}): whether it was done is not known",
                method = method,
                why = why
            ),
            Self::NotCobbler { why } => sentence!(
                "cobbler-other",
                "what answers is no Cobbler server ({why}): check the address, it usually ends in /cobbler_api",
                why = why
            ),
            Self::LoginRefused { user } => sentence!(
                "cobbler-login-refused",
                "Cobbler does not accept user '{user}' with that password",
                user = user
            ),
            Self::Fault(what) => sentence!("cobbler-says", "Cobbler says: {what}", what = what),
            Self::ReadOnly { version } => sentence!(
                "cobbler-only-read",
                "Cobbler {version} is only read: its calls for writing differ from 3.x, and old ones fail there without a word. Use Cobbler 3.3, or install the node by hand",
                version = version
            ),
            Self::TooOld { version } => sentence!(
                "cobbler-too-old",
                "Cobbler {version} is too old: 3.2 or newer is needed",
                version = version
            ),
            Self::Ignored { what } => sentence!(
                "cobbler-ignored",
                "Cobbler took no notice of {what}: its version may not know it",
                what = what
            ),
            Self::Unexpected { method, why } => sentence!(
                "cobbler-unexpected",
                "Cobbler answered {method} with something unexpected ({why})",
                method = method,
                why = why
            ),
            Self::NoSystem { name } => sentence!(
                "cobbler-no-system",
                "Cobbler has no system '{name}': register the node first",
                name = name
            ),
            Self::NoProfile { name } => {
                sentence!("cobbler-no-profile", "Cobbler has no profile '{name}'", name = name)
            }
            Self::WithoutProfile { name } => sentence!(
                "cobbler-without-profile",
                "Cobbler's system '{name}' has no profile (an image, perhaps): choose a profile",
                name = name
            ),
            Self::WithoutPower { name } => sentence!(
                "cobbler-without-power",
                "Cobbler's system '{name}' has no power management: set its power type there, or switch the machine by hand",
                name = name
            ),
            Self::Taken { what, system } => sentence!(
                "cobbler-taken",
                "{what} belongs to Cobbler's system '{system}': it would be the wrong machine",
                what = what,
                system = system
            ),
            Self::OtherMachine { name, what } => sentence!(
                "cobbler-other-machine",
                "Cobbler's system '{name}' does not have {what}: it would be the wrong machine",
                name = name,
                what = what
            ),
            Self::BadMac(value) => sentence!(
                "cobbler-bad-mac",
                "'{value}' is no MAC address: six pairs of hexadecimal digits",
                value = value
            ),
            Self::Mismatch { system, attribute, found, wanted } => sentence!(
                "cobbler-mismatch",
                "Cobbler's system '{system}' has {attribute} = {found} although {wanted} was written: somebody else changes it, or its disk is full",
                system = system,
                attribute = attribute,
                found = found,
                wanted = wanted
            ),
            Self::HalfWritten { why, back, attributes, system } => sentence!(
                "cobbler-half-written",
                "{why}. And the old values could not be written back ({back}): look at {attributes} of system '{system}' on the Cobbler server",
                why = why,
                back = back,
                attributes = attributes,
                system = system
            ),
            Self::BadValue { value, attribute } => sentence!(
                "cobbler-bad-value",
                "'{value}' is no value of {attribute}",
                value = value,
                attribute = attribute
            ),
            Self::Task { why } => sentence!("cobbler-task", "Cobbler's task failed: {why}", why = why),
            Self::Power { name, wanted, found } => sentence!(
                "cobbler-power",
                "the machine of system '{name}' was switched {wanted}, but its power agent says {found}",
                name = name,
                wanted = wanted,
                found = found
            ),
            Self::NoClock => sentence!(
                "cobbler-no-clock",
                "the Cobbler server's answers carry no date, so an old installation cannot be told from a new one"
            ),
        }
    }
}

impl fmt::Display for CobblerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.said().fmt(f)
    }
}

impl std::error::Error for CobblerError {}
