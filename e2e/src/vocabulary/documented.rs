//! A page of the documentation, followed as a reader does: files are saved, commands are typed, and what they print is what stands
//! below them.
//!
//! A block that begins with ```` ```console cluster ```` holds commands, one with ```` ```yaml NAME ```` is a file to save.

use crate::cluster::Cluster;
use crate::deadline::until;
use crate::image::{SHELL, build};
use camino::Utf8Path;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::process::Command;

const COMMANDS: &str = "console cluster";
const FILE: &str = "yaml ";
/// These show what is there, and may be asked again: an event or a champion comes a moment after the run's end.
const LOOKS: [&str; 3] = ["kubectl get ", "kubectl describe ", "kubectl logs "];
/// How long that moment may be.
const SETTLES_WITHIN: Duration = Duration::from_secs(20);
/// What the page says may be another one.
const SHELL_OF_THE_PAGE: &str = "busybox:1.37";

/// Follows pages one after the other, by their paths from the repository's root, on a cluster that knows nothing of us but our
/// images: each takes up what the one before it left.
pub async fn follow(cluster: &Cluster, pages: &[&str]) {
    let desk = Desk::new(cluster);
    for page in pages {
        let path = build::root().join(page);
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        desk.save_files(&text);
        let commands: Vec<_> = blocks(&text)
            .filter(|block| block.head == COMMANDS)
            .flat_map(|block| commands(block.body))
            .collect();
        assert!(!commands.is_empty(), "{page} has no command for a cluster");
        for command in commands {
            desk.prints(page, &command).await;
        }
    }
}

/// What a page shows in its block that begins with this, such as `yaml NAME`.
pub fn shown_in(page: &str, head: &str) -> String {
    let path = build::root().join(page);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let shown = blocks(&text).find(|block| block.head == head);
    let shown = shown.unwrap_or_else(|| panic!("{page} has no block `{head}`"));
    shown.body.to_owned()
}

/// A fenced block.
#[derive(Debug, PartialEq, Eq)]
struct Block<'t> {
    head: &'t str,
    body: &'t str,
}

fn blocks(text: &str) -> impl Iterator<Item = Block<'_>> {
    // Between two fences there is a block or what stands between blocks, in turn.
    let fenced = text.split("```").skip(1).step_by(2);
    fenced.filter_map(|block| {
        let (head, body) = block.split_once('\n')?;
        Some(Block { head, body })
    })
}

/// A command, and what stands below it.
#[derive(Debug, PartialEq, Eq)]
struct Shown<'t> {
    line: &'t str,
    output: &'t str,
}

fn commands(block: &str) -> impl Iterator<Item = Shown<'_>> {
    let block = block.strip_prefix("$ ").unwrap_or(block);
    block.split("\n$ ").map(|command| {
        let (line, output) = command.split_once('\n').unwrap_or((command, ""));
        Shown {
            line,
            output: output.trim_end(),
        }
    })
}

/// Where the reader works: a folder with what of the repository the pages speak of, and a kubeconfig that may be changed.
struct Desk {
    folder: TempDir,
    path: String,
}

impl Desk {
    fn new(cluster: &Cluster) -> Self {
        let desk = tempfile::tempdir().and_then(|folder| {
            lay_out(folder.path(), &cluster.kubeconfig())?;
            Ok(folder)
        });
        Self {
            folder: desk.unwrap_or_else(|error| panic!("a folder to work in: {error}")),
            path: format!("{}:{}", cluster.programs(), std::env::var("PATH").unwrap_or_default()),
        }
    }

    /// Saves the files of a page under their names.
    fn save_files(&self, page: &str) {
        for block in blocks(page) {
            if let Some(name) = block.head.strip_prefix(FILE) {
                let saved = fs::write(self.folder.path().join(name), block.body);
                saved.unwrap_or_else(|error| panic!("{name}: {error}"));
            }
        }
    }

    /// Fails unless the command prints what stands below it.
    async fn prints(&self, page: &str, command: &Shown<'_>) {
        let Shown { line, output } = command;
        let wanted = steady(output);
        let looks = LOOKS.iter().any(|look| line.starts_with(look));
        let within = if looks { SETTLES_WITHIN } else { Duration::ZERO };
        let mut printed = String::new();
        let same = until(line, within, async || {
            printed = steady(&self.run(line).await);
            Ok((printed == wanted).then_some(()))
        });
        let same = same.await.is_ok();
        assert!(
            same,
            "{page}\n$ {line}\n--- printed\n{printed}\n--- but the page says\n{wanted}\n---"
        );
    }

    /// What a shell prints, errors too, as on a terminal.
    async fn run(&self, line: &str) -> String {
        let ran = Command::new("sh")
            .args(["-c", &format!("exec 2>&1\n{line}")])
            .current_dir(self.folder.path())
            .env("PATH", &self.path)
            .env("KUBECONFIG", self.folder.path().join(KUBECONFIG))
            // What kubectl and helm remember of a cluster.
            .env("HOME", self.folder.path())
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await;
        let ran = ran.unwrap_or_else(|error| panic!("cannot start sh: {error}"));
        String::from_utf8_lossy(&ran.stdout).into_owned()
    }
}

const KUBECONFIG: &str = "kubeconfig";

fn lay_out(desk: &Path, kubeconfig: &Utf8Path) -> std::io::Result<()> {
    for folder in ["charts", "docs"] {
        symlink(build::root().join(folder), desk.join(folder))?;
    }
    fs::create_dir(desk.join("data"))?;
    for entry in build::root().join("data").read_dir_utf8()? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            let text = fs::read_to_string(entry.path())?.replace(SHELL_OF_THE_PAGE, SHELL);
            fs::write(desk.join("data").join(entry.file_name()), text)?;
        }
    }
    let own = desk.join(KUBECONFIG);
    fs::copy(kubeconfig, &own)?;
    // Helm warns where others may read it.
    fs::set_permissions(&own, Permissions::from_mode(0o600))
}

/// Lines that end in a time.
const TIMES: [&str; 3] = ["LAST DEPLOYED:", "Last Started:", "Last Completed:"];
/// What differs each time, by its shape (`#` is a digit, `x` a hexadecimal one, `?` a letter or a digit), and what stands for it.
const SHAPES: [(&str, &str); 13] = [
    ("####-##-##T##:##:##.######Z", "<time>"),
    ("####-##-##T##:##:##.###Z", "<time>"),
    ("########_######", "<version>"),
    ("########-######", "<version>"),
    (
        "sha256:xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "<digest>",
    ),
    (
        "sha256=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "<digest>",
    ),
    (
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "<digest>",
    ),
    ("-xxxxxxxx/", "-<uid>/"),
    ("-#-xxxxxx-?????", "-<attempt>-<hash>-<pod>"),
    ("-#-xxxxxx", "-<attempt>-<hash>"),
    ("trainyard-??????????-?????", "trainyard-<pod>"),
    ("trainyard-?????????-?????", "trainyard-<pod>"),
    ("_xxxxxxxxxxxxxxxx", "_<process>"),
];

/// A text without what differs each time: times, digests, and how wide that makes a column.
fn steady(text: &str) -> String {
    let told = text.trim_end().lines().filter(|line| !is_aside(line));
    let lines: Vec<_> = told.map(steady_line).collect();
    lines.join("\n")
}

/// Whether kubectl speaks of its own work, which a reader looks past: `I1127 02:03:20.280957 … "Warning: watch ended with error"`.
fn is_aside(line: &str) -> bool {
    let date = line.strip_prefix(['I', 'W', 'E']).unwrap_or_default();
    replaced(date, "#### ##:##:##.######", "<time>").starts_with("<time>")
}

fn steady_line(line: &str) -> String {
    if let Some(label) = TIMES.iter().find(|label| line.starts_with(**label)) {
        return format!("{label} <time>");
    }
    // The reader's own name for the cluster.
    if line.starts_with("Context \"") && line.ends_with("\" modified.") {
        return "Context <name> modified.".to_owned();
    }
    let words: Vec<_> = line.split_whitespace().map(steady_word).collect();
    words.join(" ")
}

fn steady_word(word: &str) -> String {
    if word.starts_with("seconds=") {
        return "seconds=<number>".to_owned();
    }
    if is_span(word) {
        return "<span>".to_owned();
    }
    SHAPES
        .iter()
        .fold(word.to_owned(), |word, (shape, name)| replaced(&word, shape, name))
}

/// Whether it is a span of time as kubectl prints it: `0s`, `2m5s`, `3s549ms`.
fn is_span(word: &str) -> bool {
    let mut rest = word;
    while !rest.is_empty() {
        let number = rest.trim_start_matches(|letter: char| letter.is_ascii_digit());
        let after = number.trim_start_matches(|letter: char| letter.is_ascii_alphabetic());
        let unit = &number[..number.len() - after.len()];
        if number.len() == rest.len() || !["ms", "s", "m", "h", "d"].contains(&unit) {
            return false;
        }
        rest = after;
    }
    !word.is_empty()
}

fn replaced(text: &str, shape: &str, name: &str) -> String {
    let has_shape = |part: &str| {
        let mut pairs = part.chars().zip(shape.chars());
        pairs.all(|(letter, wanted)| match wanted {
            '#' => letter.is_ascii_digit(),
            'x' => letter.is_ascii_hexdigit(),
            '?' => letter.is_ascii_alphanumeric(),
            exact => letter == exact,
        })
    };
    let mut done = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if rest.get(..shape.len()).is_some_and(has_shape) {
            done.push_str(name);
            rest = &rest[shape.len()..];
        } else {
            done.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_files_are_found_in_a_page() {
        let page = "# A page\n```console\n$ not ours\n```\n\n```console cluster\n$ one\nsays 1\n\nand $2\n\n$ two\n```\n\
            text\n```yaml a.yaml\na: 1\n```\n```console cluster\n$ three\n```\n";
        let found: Vec<_> = blocks(page)
            .filter(|block| block.head == COMMANDS)
            .flat_map(|block| commands(block.body))
            .map(|shown| (shown.line, shown.output))
            .collect();
        assert_eq!(found, [("one", "says 1\n\nand $2"), ("two", ""), ("three", "")]);
        let file = blocks(page).find(|block| block.head == "yaml a.yaml");
        assert_eq!(file.map(|block| block.body), Some("a: 1\n"));
    }

    #[test]
    fn what_differs_each_time_is_taken_out_and_nothing_else() {
        for (printed, wanted) in [
            (
                "eu-1   Succeeded   model_20261126_225906   13s   3s549ms",
                "eu-1 Succeeded model_<version> <span> <span>",
            ),
            ("by-region-20261126-225917   4   true", "by-region-<version> 4 true"),
            (
                "a-t-a7937b64-extract-1-a53742   Complete   1/1",
                "a-t-a7937b64-extract-<attempt>-<hash> Complete 1/1",
            ),
            (
                "runs/a-t-a7937b64-a1bccf2d/extract/1/data.arrow",
                "runs/a-t-a7937b64-<uid>/extract/1/data.arrow",
            ),
            (
                "2026-11-26T22:58:49.595Z info train: rows=4 seconds=0.066",
                "<time> info train: rows=4 seconds=<number>",
            ),
            (
                "leads identity=\"trainyard-7db8d67696-s48r2_5f0c2a91d4e83b67\"",
                "leads identity=\"trainyard-<pod>_<process>\"",
            ),
            ("LAST DEPLOYED: Thu Nov 26 22:58:22 2026", "LAST DEPLOYED: <time>"),
            ("Context \"kind\" modified.", "Context <name> modified."),
            (
                "I1127 02:03:20.280957    1420 reflector.go:664] watch ended\na/b condition met",
                "a/b condition met",
            ),
            ("a 4 rows, s, m and 12 of 1.5 s", "a 4 rows, s, m and 12 of 1.5 s"),
        ] {
            assert_eq!(steady(printed), wanted);
        }
        let digest = "0123456789abcdef".repeat(4);
        assert_eq!(steady(&format!("sha256:{digest} sha256={digest}")), "<digest> <digest>");
    }
}
