//! The writing half of a connection.

use rsipstack::sip::SipMessage;
use rsipstack::transport::TransportEvent;
use tokio::io::AsyncWriteExt;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{BREATHER, PATIENCE};

/// Writes what the stack and the door have to say, until the connection is closed.
pub(super) async fn write(
    mut writer: OwnedWriteHalf,
    mut messages: mpsc::UnboundedReceiver<TransportEvent>,
    mut raw: mpsc::UnboundedReceiver<Vec<u8>>,
    closed: CancellationToken,
) {
    let _closes = closed.clone().drop_guard();
    loop {
        let bytes = tokio::select! {
            () = closed.cancelled() => break,
            Some(bytes) = raw.recv() => bytes,
            event = messages.recv() => match event {
                Some(TransportEvent::Incoming(SipMessage::Request(request), ..)) => request.to_bytes(),
                Some(TransportEvent::Incoming(SipMessage::Response(response), ..)) => response.to_bytes(),
                Some(_) => continue,
                None => break,
            },
        };
        let written = tokio::time::timeout(PATIENCE, writer.write_all(&bytes)).await;
        if !matches!(written, Ok(Ok(()))) {
            return;
        }
    }
    // A last refusal may be waiting.
    while let Ok(bytes) = raw.try_recv() {
        if !matches!(
            tokio::time::timeout(BREATHER, writer.write_all(&bytes)).await,
            Ok(Ok(()))
        ) {
            return;
        }
    }
}
