//! Who follows the documentation, on a cluster that has our images and nothing else, sees what stands there.

use trainyard_e2e::vocabulary::{follow, on_a_cluster_of_its_own};

#[tokio::test]
async fn the_readme_leads_from_helm_install_to_a_listed_model_that_a_backup_brings_back() {
    let pages = ["README.md", "docs/operations.md"];
    on_a_cluster_of_its_own("readme", async |ns| follow(ns.cluster(), &pages).await).await;
}

#[tokio::test]
async fn every_command_from_the_first_run_to_a_killed_operator_prints_what_stands_below_it() {
    let pages = [
        "docs/first-run.md",
        "docs/reading-a-failure.md",
        "docs/security.md",
        "docs/operator.md",
        "docs/schedules.md",
    ];
    on_a_cluster_of_its_own("pages", async |ns| follow(ns.cluster(), &pages).await).await;
}

#[tokio::test]
async fn every_command_of_the_page_about_installing_prints_what_stands_below_it() {
    on_a_cluster_of_its_own("install", async |ns| follow(ns.cluster(), &["docs/install.md"]).await).await;
}
