//! `/healthz`, `/readyz` and `/metrics`.

use crate::context::Context;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::net::TcpListener;

/// What `OpenMetrics` text calls itself.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What the pages are made from.
#[derive(Clone)]
pub(crate) struct Pages {
    /// The figures.
    pub context: Arc<Context>,
    /// Set once all stores hold what the cluster has.
    pub ready: Arc<AtomicBool>,
}

/// Serves the pages until `stop` resolves.
///
/// # Errors
/// The listener broke.
pub(crate) async fn serve(
    listener: TcpListener,
    pages: Pages,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let router = Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(pages);
    axum::serve(listener, router).with_graceful_shutdown(stop).await
}

async fn ready(State(pages): State<Pages>) -> impl IntoResponse {
    if pages.ready.load(Ordering::Relaxed) {
        (StatusCode::OK, "ready\n")
    } else {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "the first lists are not complete yet\n",
        )
    }
}

async fn metrics(State(pages): State<Pages>) -> impl IntoResponse {
    let context = &pages.context;
    // Those of one that waits for its turn would be counted a second time.
    let runs = if context.mandate.holds() {
        context.stores.runs.state()
    } else {
        Vec::new()
    };
    let phases = runs.iter().filter_map(|run| {
        let run = run.0.as_ref().ok()?;
        Some(run.status.as_ref().map(|status| status.phase).unwrap_or_default())
    });
    context.metrics.count_runs(phases);
    let text = context.metrics.text().unwrap_or_default();
    ([(header::CONTENT_TYPE, OPEN_METRICS)], text)
}
