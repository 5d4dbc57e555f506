//! What the tests on faults have counted: shown after them, and kept in `docs/reliability.md` where that is asked for.

use crate::image::build;
use crate::vocabulary::Counted;
use anyhow::{Context, Result, ensure};
use camino::Utf8Path;
use std::fmt::Write as _;
use std::fs;

/// Set to anything, the table of the page is written anew.
const UPDATE_VARIABLE: &str = "UPDATE_RELIABILITY";
/// The page, from the root of the repository.
const PAGE: &str = "docs/reliability.md";
/// Between these two lines stands the table.
const BEGIN: &str = "<!-- counted: written by UPDATE_RELIABILITY=1 cargo xtask cluster test -->";
const END: &str = "<!-- end of counted -->";

/// Prints what stands in this file, and writes it into the page where that is asked for. No file is no tests on faults.
pub(crate) fn tell(counted: &Utf8Path) -> Result<()> {
    let Ok(lines) = fs::read_to_string(counted) else {
        return Ok(());
    };
    let counted: Vec<Counted> = lines
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()
        .with_context(|| format!("{counted} is not ours"))?;
    let table = table(counted);
    eprintln!("faults, and what came of them:\n{table}");
    if std::env::var_os(UPDATE_VARIABLE).is_some() {
        let path = build::root().join(PAGE);
        let page = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        let page = with_table(&page, &table).with_context(|| format!("{path} has no place for the table"))?;
        fs::write(&path, page).with_context(|| format!("cannot write {path}"))?;
    }
    Ok(())
}

/// A line for each kind of run and fault; what was lost stands behind the run.
fn table(mut counted: Vec<Counted>) -> String {
    counted.sort_by(|one, other| one.what.cmp(&other.what));
    let mut all = Counted::of("all");
    for one in &counted {
        all.merge(one);
    }
    counted.push(all);
    let mut text = "| what | faults | runs | ended otherwise | attempts created twice | models lost |\n|---|---|---|---|---|---|\n".to_owned();
    for one in counted {
        let faults: Vec<_> = one
            .faults
            .iter()
            .map(|(what, times)| format!("{times} × {what}"))
            .collect();
        let faults = faults.join(", ");
        let Counted {
            what,
            runs,
            ended_otherwise,
            attempts_twice,
            models_lost,
            ..
        } = one;
        let _ = writeln!(
            text,
            "| {what} | {faults} | {runs} | {ended_otherwise} | {attempts_twice} | {models_lost} |"
        );
    }
    text
}

fn with_table(page: &str, table: &str) -> Result<String> {
    let before = page.split_once(BEGIN).map(|(before, _)| before);
    let after = page.split_once(END).map(|(_, after)| after);
    ensure!(before.is_some() && after.is_some(), "the lines around it are missing");
    let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
    Ok(format!("{before}{BEGIN}\n{table}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_takes_the_place_of_the_last_one_and_sums_up() {
        let mut retry = Counted::of("retry");
        retry.add([("killed after a write", 16), ("answer of a write lost", 15)]);
        retry.runs = 31;
        let mut chain = Counted::of("chain");
        chain.add([("killed after a write", 13)]);
        chain.runs = 13;
        let page = format!("# Page\n{BEGIN}\n| old |\n{END}\nrest\n");
        let written = with_table(&page, &table(vec![retry, chain])).expect("a page with a place");
        let want = format!(
            "# Page\n{BEGIN}\n\
             | what | faults | runs | ended otherwise | attempts created twice | models lost |\n|---|---|---|---|---|---|\n\
             | chain | 13 × killed after a write | 13 | 0 | 0 | 0 |\n\
             | retry | 15 × answer of a write lost, 16 × killed after a write | 31 | 0 | 0 | 0 |\n\
             | all | 15 × answer of a write lost, 29 × killed after a write | 44 | 0 | 0 | 0 |\n\
             {END}\nrest\n"
        );
        assert_eq!(written, want);
        assert!(with_table("no place", "").is_err());
    }
}
