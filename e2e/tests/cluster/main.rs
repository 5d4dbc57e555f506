//! What is true on a whole cluster: a real API server, scheduler and kubelet, our images, and the operator under test.
//!
//! A file is one promise. `cargo xtask cluster test [FILTER]` runs them, each in a namespace of its own.
#![expect(clippy::unwrap_used, reason = "what is not there ends the test")]

#[path = "../../../crds/tests/refusals/cases/mod.rs"]
#[expect(dead_code, reason = "fields are looked for here as the server writes them")]
mod cases;

mod the_cluster_is_real;
mod the_cluster_leaves_nothing;

mod a_node_is_cut_off;
mod a_node_is_drained;
mod a_node_is_lost;
mod a_nodes_programs_restart;
mod a_policy_refuses_pods;
mod bad_data_stops_the_run;
mod chart;
mod definitions;
mod documented;
mod fake_nodes_tell_the_truth;
mod gitops_tools_wait;
mod names_what_a_stage_waits_for;
mod one_file_for_both_worlds;
mod out_of_memory_grows;
mod paths_stay_in_the_workspace;
mod pipeline_changes;
mod pods_are_taken_away;
mod policy;
mod restricted_and_tight_namespaces;
mod retries;
mod rights;
mod secrets_stay_secret;
mod stages_of_a_claim_share_a_node;
mod stop_and_suspend;
mod the_operator_stops;
mod the_volume_is_kept_tidy;
mod timeouts;
mod two_pods_of_one_attempt;
mod upgrades;
mod workspaces;
