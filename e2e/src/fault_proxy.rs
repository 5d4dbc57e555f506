//! Stands between one operator and the API server, and does to their talk what a bad day does: it kills the operator after a write,
//! loses an answer, refuses for a while, delays or cuts a watch.
//!
//! Toward the operator it speaks plain HTTP on a port of the loopback; its way on is TLS, with the token that the operator sent. What
//! it passes on is the API server's own: nothing is made up but refusals, and the end of a watch.
//!
//! Start with [`FaultProxy`]. What a request is, `asked.rs`; what is to go wrong and what did, `orders.rs`; how a watch is slowed and
//! cut, `watched.rs`.

mod asked;
mod orders;
mod watched;

pub use asked::Asked;
pub use orders::{Committed, Fault};

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use camino::Utf8Path;
use futures::future::BoxFuture;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::http::uri::{Authority, Scheme};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use kube::client::ConfigExt as _;
use kube::config::{KubeConfigOptions, Kubeconfig};
use orders::{Orders, Refusal, Verdict};
use serde_json::json;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Its error closes the connection.
type Body = BoxBody<Bytes, anyhow::Error>;
/// Asks the API server.
type Ask =
    Box<dyn Fn(Request<Full<Bytes>>) -> BoxFuture<'static, Result<Response<Incoming>, legacy::Error>> + Send + Sync>;

/// A proxy in front of the API server, for one operator. It ends when it is dropped.
pub struct FaultProxy {
    address: SocketAddr,
    orders: Arc<Orders>,
    listening: JoinHandle<()>,
}

/// The way to the API server.
struct Way {
    ask: Ask,
    server: Authority,
    orders: Arc<Orders>,
}

impl FaultProxy {
    /// Stands before the API server of this kubeconfig.
    pub(crate) async fn before(kubeconfig: &Utf8Path) -> Result<Self> {
        let read = Kubeconfig::read_from(kubeconfig).with_context(|| format!("cannot read {kubeconfig}"))?;
        let config = kube::Config::from_custom_kubeconfig(read, &KubeConfigOptions::default()).await;
        let config = config.with_context(|| format!("cannot use {kubeconfig}"))?;
        let tls = config.rustls_https_connector();
        let tls = tls.with_context(|| format!("no TLS by {kubeconfig}"))?;
        let client = legacy::Client::builder(TokioExecutor::new()).build::<_, Full<Bytes>>(tls);
        let server = config.cluster_url.authority().cloned();
        let orders = Arc::new(Orders::default());
        let way = Arc::new(Way {
            ask: Box::new(move |request| Box::pin(client.request(request))),
            server: server.with_context(|| format!("no server in {kubeconfig}"))?,
            orders: Arc::clone(&orders),
        });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.context("cannot listen on the loopback")?;
        let address = listener.local_addr().context("cannot tell the proxy's port")?;
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&way)));
            }
        });
        Ok(Self {
            address,
            orders,
            listening,
        })
    }

    /// Where it listens: `http://127.0.0.1:PORT`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What is to go wrong, and what went by.
    pub(crate) fn orders(&self) -> &Orders {
        &self.orders
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// Serves a connection to its end. That the other side is gone, or that an order breaks it off, is no error here.
async fn serve(stream: TcpStream, way: Arc<Way>) {
    // Small answers would wait for more.
    let _ = stream.set_nodelay(true);
    // Each in a task of its own: one that an operator has asked for before it was killed is counted all the same.
    let answer = service_fn(|request| {
        let answered = tokio::spawn(answer(Arc::clone(&way), request));
        async { answered.await? }
    });
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), answer)
        .await;
}

/// Answers one request; an error closes the connection without an answer.
async fn answer(way: Arc<Way>, request: Request<Incoming>) -> Result<Response<Body>> {
    let asked = Asked::of(request.method(), request.uri());
    if let Some(refusal) = way.orders.asked(&asked) {
        return refuse(refusal);
    }
    way.orders.hold(&asked).await;
    let answered = (way.ask)(forward(&way.server, request).await?).await?;
    let (mut head, body) = answered.into_parts();
    if asked.is_watch() && head.status.is_success() {
        let body = watched::body(body, &asked, Arc::clone(&way.orders));
        return Ok(Response::from_parts(head, body));
    }
    let body = body.collect().await?.to_bytes();
    if way.orders.answered(&asked, head.status, &body) == Verdict::BreakOff {
        bail!("an order: this answer is lost");
    }
    // It is whole now: its length is known.
    head.headers.remove(hyper::header::TRANSFER_ENCODING);
    Ok(Response::from_parts(head, whole(body)))
}

/// The same request, to the API server.
async fn forward(server: &Authority, request: Request<Incoming>) -> Result<Request<Full<Bytes>>> {
    let (mut head, body) = request.into_parts();
    let mut uri = head.uri.into_parts();
    uri.scheme = Some(Scheme::HTTPS);
    uri.authority = Some(server.clone());
    head.uri = Uri::from_parts(uri)?;
    head.headers.remove(hyper::header::HOST);
    let body = body.collect().await?.to_bytes();
    Ok(Request::from_parts(head, Full::new(body)))
}

/// As the API server itself refuses.
fn refuse(refusal: Refusal) -> Result<Response<Body>> {
    let status = StatusCode::from_u16(refusal.code)?;
    let object = json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": refusal.message(),
        "reason": refusal.reason(),
        "code": refusal.code,
    });
    let body = whole(Bytes::from(object.to_string()));
    let answer = Response::builder().status(status);
    Ok(answer.header("content-type", "application/json").body(body)?)
}

fn whole(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never| match never {}).boxed()
}
