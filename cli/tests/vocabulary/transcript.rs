//! Transcripts: what a command wrote and how it ended, compared with a file, without what differs each time.

use std::fs;
use std::path::Path;

/// What differs each time, by its shape (`#` is a digit, `x` a hexadecimal one), and what stands for it.
const SHAPES: [(&str, &str); 6] = [
    ("model_########_######", "model_<time>"),
    ("####-##-##T##:##:##.###Z", "<time>"),
    ("####-##-##T##:##:##Z", "<time>"),
    ("-xxxxxxxx/", "-<uid>/"),
    ("-xxxxxxxx\n", "-<uid>\n"),
    ("#.## s", "0.00 s"),
];

/// The transcript of a command in `folder`.
pub fn of(words: &str, folder: &Path, code: i32, stdout: &str, stderr: &str) -> String {
    let titled = |title: &str, output: &str| {
        if output.is_empty() {
            String::new()
        } else {
            format!("[{title}]\n{output}")
        }
    };
    let text = format!(
        "$ trainyard {words}\n{}{}[exit {code}]\n",
        titled("stderr", stderr),
        titled("stdout", stdout)
    );
    filtered(&text.replace(folder.to_str().unwrap(), "<workspace>"))
}

/// A text without what differs each time.
pub fn filtered(text: &str) -> String {
    SHAPES
        .iter()
        .fold(text.to_owned(), |text, (shape, name)| replaced(&text, shape, name))
}

/// Fails unless `transcript` is what `tests/transcripts/<name>.txt` says.
#[track_caller]
pub fn compare(name: &str, transcript: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/transcripts")
        .join(format!("{name}.txt"));
    if std::env::var_os("UPDATE_TRANSCRIPTS").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, transcript).unwrap();
    }
    let wanted = fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(
        transcript, wanted,
        "{name}: to take the new one, run the test with UPDATE_TRANSCRIPTS=1"
    );
}

fn replaced(text: &str, shape: &str, name: &str) -> String {
    let mut done = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let found = rest.get(..shape.len()).is_some_and(|part| has_shape(part, shape));
        if found {
            done.push_str(name);
            rest = &rest[shape.len()..];
        } else {
            let first = rest.chars().next().unwrap();
            done.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    done
}

fn has_shape(part: &str, shape: &str) -> bool {
    part.chars().zip(shape.chars()).all(|(c, wanted)| match wanted {
        '#' => c.is_ascii_digit(),
        'x' => c.is_ascii_hexdigit(),
        exact => c == exact,
    })
}
