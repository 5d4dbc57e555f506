//! What is true of the operator and a real control plane, whatever runs in the containers: pods run on fake nodes.
//!
//! A file is one promise. `cargo xtask cluster test [FILTER]` runs them, each in a namespace of its own, also where only root could
//! start a container.
#![expect(clippy::unwrap_used, reason = "what is not there ends the test")]

mod a_deleted_job_is_made_up_for;
mod a_namespace_goes;
mod a_newer_object_stops_nobody_else;
mod a_run_keeps_its_revision;
mod a_run_made_again_is_another_run;
mod a_stage_at_a_time;
mod a_token_waits_for_room;
mod each_write;
mod killed_after_each_write;
mod killed_and_started_again;
mod killed_at_random;
mod retention;
mod schedules;
mod shapes;
mod the_api_server_misbehaves;
mod the_clock_is_stepped;
mod the_lease_is_lost;
mod the_next_leader_takes_over;
mod two_leaders_are_harmless;
