//! `kubectl explain` has words for every field, down to those of `spec` and of what stands in it.

use std::collections::VecDeque;
use trainyard_e2e::vocabulary::in_namespace;

/// How far below a kind is looked: at the fields of `spec.stages`, say.
const LEVELS: usize = 2;

/// The fields of an answer that have fields of their own. Each has a line of its own: its name, its type in angle brackets.
fn with_fields(answer: &str) -> Vec<&str> {
    let fields = answer.split_once("FIELDS:").map_or("", |(_, fields)| fields);
    let typed = fields
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.split_once('\t'));
    let objects = typed.filter(|(name, type_)| {
        !name.starts_with(' ') && (type_.starts_with("<Object>") || type_.starts_with("<[]Object>"))
    });
    objects.map(|(name, _)| name).collect()
}

#[tokio::test]
async fn kubectl_explain_has_words_for_every_field() {
    in_namespace(async |ns| {
        let mut wordless = Vec::new();
        for kind in ["mlpipeline", "pipelinerun", "modelversion"] {
            let mut places = VecDeque::from([(kind.to_owned(), 0)]);
            let mut looked_at = Vec::new();
            while let Some((place, level)) = places.pop_front() {
                let answer = ns.kubectl(&format!("explain {place}")).await;
                if !answer.contains("DESCRIPTION:") || answer.contains("<empty>") || answer.contains("<no description>")
                {
                    wordless.push(answer.clone());
                }
                if level < LEVELS {
                    let below = with_fields(&answer)
                        .into_iter()
                        .map(|field| (format!("{place}.{field}"), level + 1));
                    places.extend(below);
                }
                looked_at.push(place);
            }
            for part in ["spec", "status"] {
                assert!(looked_at.contains(&format!("{kind}.{part}")), "{looked_at:?}");
            }
        }
        assert!(wordless.is_empty(), "{}", wordless.join("\n"));
    })
    .await;
}
