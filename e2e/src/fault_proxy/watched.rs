//! The answer to a watch on its way: it may come late, break off, or end because the API server no longer knows where it was.

use super::orders::{Orders, WatchEnd};
use super::{Asked, Body};
use anyhow::{Result, anyhow};
use bytes::Bytes;
use futures::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use serde_json::json;
use std::sync::Arc;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, sleep_until};

/// A piece of an answer, and when it may go on; an error closes the connection.
type Piece = (Instant, Result<Bytes>);

/// Passes a watch's answer on, as the orders say.
pub(super) fn body(answer: Incoming, asked: &Asked, orders: Arc<Orders>) -> Body {
    let (sender, receiver) = unbounded_channel();
    tokio::spawn(read(answer, asked.resource.clone(), orders, sender));
    BodyExt::boxed(StreamBody::new(stream::unfold(receiver, next)))
}

async fn next(mut pieces: UnboundedReceiver<Piece>) -> Option<(Result<Frame<Bytes>>, UnboundedReceiver<Piece>)> {
    let (due, piece) = pieces.recv().await?;
    sleep_until(due).await;
    Some((piece.map(Frame::data), pieces))
}

/// Reads to the end of the answer, to an order to end it, or until nobody listens any more.
async fn read(mut answer: Incoming, resource: String, orders: Arc<Orders>, to: UnboundedSender<Piece>) {
    let mut ends = orders.ends();
    ends.mark_unchanged();
    let mut between_events = true;
    loop {
        tokio::select! {
            // An event 410 may stand between two others only.
            Ok(()) = ends.changed(), if between_events => {
                let how = ends.borrow().1;
                orders.watch_ended(how);
                let last = match how {
                    WatchEnd::Cut => Err(anyhow!("an order: this watch is cut off")),
                    WatchEnd::Gone => Ok(gone()),
                };
                let _ = to.send((Instant::now(), last));
                return;
            }
            frame = answer.frame() => {
                let piece = match frame {
                    None => return,
                    Some(Ok(frame)) => frame.into_data().map_err(|_| anyhow!("trailers")),
                    Some(Err(error)) => Err(error.into()),
                };
                between_events = piece.as_ref().is_ok_and(|bytes| bytes.ends_with(b"\n"));
                let due = Instant::now() + orders.watched(&resource);
                if to.send((due, piece)).is_err() {
                    return;
                }
            }
            () = to.closed() => return,
        }
    }
}

/// What the API server says in a watch that it cannot go on with.
fn gone() -> Bytes {
    let event = json!({"type": "ERROR", "object": {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": "too old resource version",
        "reason": "Expired",
        "code": 410,
    }});
    Bytes::from(format!("{event}\n"))
}
