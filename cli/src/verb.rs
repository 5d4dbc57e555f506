//! The verbs of the command, one file each: its arguments, and one function that does it and says how the command ends.

pub mod init;
pub mod lint;
pub mod logs;
pub mod models;
pub mod plan;
pub mod predict;
pub mod run;
pub mod schema;
pub mod worker;

use crate::exit::Exit;
use crate::manifest::{self, Manifest};
use crate::print;
use camino::Utf8Path;

/// Reads a manifest, or tells what is wrong with it.
fn load(file: &Utf8Path) -> Result<Manifest, Exit> {
    manifest::load(file).map_err(|faults| {
        for fault in faults {
            print::note(&fault.to_string());
        }
        Exit::Usage
    })
}

/// The name that was perhaps meant, as a hint; all names where none is near and they are few; empty where there are none.
fn did_you_mean(given: &str, names: &[String]) -> String {
    /// Below this two names have little in common.
    const NEAR: f64 = 0.8;
    /// A longer list helps nobody.
    const LISTED_MAX: usize = 8;
    let near = |name: &&String| strsim::jaro_winkler(given, name);
    if let Some(name) = names.iter().max_by(|a, b| near(a).total_cmp(&near(b)))
        && near(&name) >= NEAR
    {
        return format!("did you mean `{name}`?");
    }
    if names.is_empty() || names.len() > LISTED_MAX {
        return String::new();
    }
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    format!("there is {}", quoted.join(", "))
}

#[cfg(test)]
mod tests {
    use super::did_you_mean;

    #[test]
    fn did_you_mean_table() {
        let names = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        for (given, known, wanted) in [
            ("reigon", "region dataset", "did you mean `region`?"),
            ("xyz", "region dataset", "there is `region`, `dataset`"),
            ("xyz", "", ""),
            ("xyz", "a b c d e f g h i", ""),
        ] {
            assert_eq!(did_you_mean(given, &names(known)), wanted, "{given}");
        }
    }
}
