//! Every Job that the operator's golden files hold is one that an API server takes: a golden file cannot be stable and wrong.

use std::fs;
use trainyard_e2e::image::build;
use trainyard_e2e::vocabulary::in_namespace;

#[tokio::test]
async fn every_golden_job_is_admitted() {
    in_namespace(async |ns| {
        let folder = build::root().join("operator/tests/golden");
        let mut admitted = 0;
        for entry in folder.read_dir_utf8().unwrap() {
            let path = entry.unwrap().into_path();
            if path.extension() != Some("yaml") {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let here = text.replacen("\n  namespace: ml\n", &format!("\n  namespace: {}\n", ns.name()), 1);
            let answer = ns.dry_run(here).await;
            assert!(answer.starts_with("job.batch/"), "{path}: {answer}");
            admitted += 1;
        }
        assert!(admitted >= 4, "{admitted} golden Jobs in {folder}");
    })
    .await;
}
