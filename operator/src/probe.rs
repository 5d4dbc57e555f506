//! Asks a running operator's page, as `helm test` does: the image has no shell and no other program that could.

use anyhow::{Context, bail};
use axum::http::Uri;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long one answer may take, the name's lookup in it.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long after a refusal the page is asked again: nothing tells when a Service gets its first pod.
const PAUSE: Duration = Duration::from_millis(500);
/// How much of an answer is read: our pages for people are one line.
const ANSWER_BYTES_MAX: u64 = 4_096;
/// The port of an address that names none.
const HTTP: u16 = 80;

/// Reads the page at `url`, again and again until it answers with 200, for as long as `within` says; its text.
///
/// # Errors
/// The last one: it is no `http://` address, nobody answers there in time, or the answer is not 200.
pub async fn probe(url: &Uri, within: Duration) -> anyhow::Result<String> {
    let began = Instant::now();
    loop {
        match ask(url).await {
            Err(_) if began.elapsed() + PAUSE < within => tokio::time::sleep(PAUSE).await,
            ended => return ended,
        }
    }
}

async fn ask(url: &Uri) -> anyhow::Result<String> {
    let answer = tokio::time::timeout(PATIENCE, answer(url)).await;
    let answer = answer.with_context(|| format!("{url} does not answer within {} s", PATIENCE.as_secs()))??;
    let (head, text) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let first_line = head.lines().next().unwrap_or_default();
    let text = text.trim_end();
    if first_line.split_whitespace().nth(1) != Some("200") {
        bail!("{url} answers `{first_line}`: {text}");
    }
    Ok(text.to_owned())
}

async fn answer(url: &Uri) -> anyhow::Result<String> {
    let (Some("http"), Some(host)) = (url.scheme_str(), url.host()) else {
        bail!("{url} is not an address such as http://trainyard:8080/readyz");
    };
    let port = url.port_u16().unwrap_or(HTTP);
    let mut stream = TcpStream::connect((host.trim_matches(['[', ']']), port))
        .await
        .with_context(|| format!("{host}:{port} cannot be reached"))?;
    // With version 1.0 the answer is neither cut into pieces nor followed by another.
    let page = url.path_and_query().map_or("/", |page| page.as_str());
    let request = format!("GET {page} HTTP/1.0\r\nHost: {host}:{port}\r\n\r\n");
    let broken = || format!("{host}:{port} broke the connection off");
    stream.write_all(request.as_bytes()).await.with_context(broken)?;
    let mut bytes = Vec::new();
    stream
        .take(ANSWER_BYTES_MAX)
        .read_to_end(&mut bytes)
        .await
        .with_context(broken)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::http::StatusCode;
    use axum::routing::get;
    use std::net::SocketAddr;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use tokio::net::TcpListener;

    /// A page that is ready, and one that becomes it with the second question.
    async fn served() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let asked = Arc::new(AtomicBool::new(false));
        let late = async move || {
            if asked.swap(true, Ordering::Relaxed) {
                (StatusCode::OK, "now\n")
            } else {
                (StatusCode::SERVICE_UNAVAILABLE, "not yet\n")
            }
        };
        let router = Router::new()
            .route("/readyz", get(async || "ready\n"))
            .route("/late", get(late));
        tokio::spawn(axum::serve(listener, router).into_future());
        address
    }

    async fn asked(url: String, within: Duration) -> Result<String, String> {
        let url = url.parse().expect("an address");
        probe(&url, within).await.map_err(|e| format!("{e:#}"))
    }

    /// The first answer is the last.
    const AT_ONCE: Duration = Duration::ZERO;

    #[tokio::test]
    async fn a_page_that_answers_200_is_read() {
        let address = served().await;
        assert_eq!(
            asked(format!("http://{address}/readyz"), AT_ONCE).await,
            Ok("ready".to_owned())
        );
    }

    #[tokio::test]
    async fn any_other_answer_is_an_error_that_says_it() {
        let address = served().await;
        let url = format!("http://{address}/late");
        let wanted = format!("{url} answers `HTTP/1.0 503 Service Unavailable`: not yet");
        assert_eq!(asked(url, AT_ONCE).await, Err(wanted));
    }

    #[tokio::test]
    async fn who_has_time_asks_again() {
        let address = served().await;
        let patient = Duration::from_secs(60);
        let answer = asked(format!("http://{address}/late"), patient).await;
        assert_eq!(answer, Ok("now".to_owned()));
    }

    #[tokio::test]
    async fn nobody_there_is_an_error_that_names_the_place() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        drop(listener);
        let error = asked(format!("http://{address}/readyz"), AT_ONCE)
            .await
            .expect_err("nobody");
        assert!(error.starts_with(&format!("{address} cannot be reached: ")), "{error}");
    }

    #[tokio::test]
    async fn only_plain_http_is_spoken() {
        let error = asked("https://trainyard/readyz".to_owned(), AT_ONCE)
            .await
            .expect_err("https");
        assert_eq!(
            error,
            "https://trainyard/readyz is not an address such as http://trainyard:8080/readyz"
        );
    }
}
