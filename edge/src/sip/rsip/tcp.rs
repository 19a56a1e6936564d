//! TCP: the listener, and one pair of tasks per connection.
//!
//! A connection is framed by `Content-Length` here, judged by the door, and handed to the stack
//! as a channel, which answers on it. The dialog of a call keeps the channel, so that a BYE of
//! ours takes the same way back. A connection that sends no whole message for a while is closed;
//! between messages it may be silent as long as it lives (keep-alive of the system finds the dead).

mod write;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rsipstack::sip::{SipMessage, Transport};
use rsipstack::transaction::endpoint::EndpointInnerRef;
use rsipstack::transport::channel::ChannelConnection;
use rsipstack::transport::{SipAddr, SipConnection};
use tokio::io::AsyncReadExt;
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use super::door::{
    Door, LONGEST_HEADERS, LONGEST_MESSAGE, Length, Verdict, content_length, headers_end,
};
use super::sockets::canonical;

/// How long a first or a started message may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Pause after a failed accept (out of descriptors, mostly).
const BREATHER: Duration = Duration::from_millis(50);

/// Accepts until `stopped`.
pub(super) async fn listen(
    listener: TcpListener,
    endpoint: EndpointInnerRef,
    door: Door,
    stopped: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(door.limits().connections));
    loop {
        let accepted = tokio::select! {
            () = stopped.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok((stream, peer)) => (stream, canonical(peer)),
            Err(error) => {
                tracing::warn!(%error, "TCP connection not accepted");
                tokio::time::sleep(BREATHER).await;
                continue;
            }
        };
        if !door.admits(peer) {
            continue;
        }
        let Ok(place) = places.clone().try_acquire_owned() else {
            door.counters().refused_connection.add_one();
            continue;
        };
        let connection = serve(
            stream,
            peer,
            endpoint.clone(),
            door.clone(),
            stopped.child_token(),
        );
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%peer, %error, "TCP connection ended");
            }
            drop(place);
        });
    }
}

/// One connection, until it or the server ends.
async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    endpoint: EndpointInnerRef,
    door: Door,
    closed: CancellationToken,
) -> io::Result<()> {
    let keep_alive = socket2::TcpKeepalive::new().with_time(Duration::from_secs(60));
    socket2::SockRef::from(&stream).set_tcp_keepalive(&keep_alive)?;
    stream.set_nodelay(true)?;
    let (reader, writer) = stream.into_split();
    let (outgoing, to_write) = mpsc::unbounded_channel();
    let (raw, raw_to_write) = mpsc::unbounded_channel();
    // The stack would read from this end; we hand it messages ourselves.
    let (_, unused) = mpsc::unbounded_channel();
    let address = SipAddr {
        r#type: Some(Transport::Tcp),
        addr: peer.into(),
    };
    let channel =
        ChannelConnection::create_connection(unused, outgoing, address, Some(closed.clone()))
            .await
            .map_err(io::Error::other)?;
    tokio::spawn(write::write(writer, to_write, raw_to_write, closed.clone()));
    let _closes = closed.clone().drop_guard();
    let connection = Connection {
        peer,
        channel,
        endpoint,
        door,
        raw,
    };
    tokio::select! {
        () = closed.cancelled() => Ok(()),
        read = connection.read(reader) => read,
    }
}

struct Connection {
    peer: SocketAddr,
    channel: ChannelConnection,
    endpoint: EndpointInnerRef,
    door: Door,
    raw: mpsc::UnboundedSender<Vec<u8>>,
}

impl Connection {
    async fn read(&self, mut reader: OwnedReadHalf) -> io::Result<()> {
        let mut pending = Vec::with_capacity(4_096);
        let mut greeted = false;
        loop {
            while let Some(end) = self.next_message(&mut pending)? {
                greeted = true;
                let message: Vec<u8> = pending.drain(..end).collect();
                self.take(&message).await;
            }
            let may_rest = greeted && pending.is_empty();
            let more = reader.read_buf(&mut pending);
            let read = if may_rest {
                more.await?
            } else {
                tokio::time::timeout(PATIENCE, more).await??
            };
            if read == 0 {
                return Ok(());
            }
        }
    }

    /// Length of the whole message at the front of `pending`, if it is all there. Keep-alives
    /// before it are answered and taken away.
    fn next_message(&self, pending: &mut Vec<u8>) -> io::Result<Option<usize>> {
        while pending.starts_with(b"\r\n") {
            let ping = pending.starts_with(b"\r\n\r\n");
            pending.drain(..if ping { 4 } else { 2 });
            if ping {
                self.send_raw(b"\r\n".to_vec())?;
            }
        }
        // Beyond these no header is looked at, so the length of the body would not be known.
        let Some(end) = headers_end(&pending[..pending.len().min(LONGEST_HEADERS)]) else {
            return if pending.len() >= LONGEST_HEADERS {
                self.hang_up(pending, LONGEST_HEADERS)
            } else {
                Ok(None)
            };
        };
        let body = match content_length(&pending[..end]) {
            Length::None => 0,
            Length::Is(length) if length <= LONGEST_MESSAGE - end => length,
            Length::Is(_) | Length::Bad => return self.hang_up(pending, LONGEST_MESSAGE),
        };
        Ok((pending.len() >= end + body).then_some(end + body))
    }

    /// Where the next message begins is unknown now: the last word, then the end.
    fn hang_up(&self, pending: &[u8], limit: usize) -> io::Result<Option<usize>> {
        if let Verdict::Answer(answer) = self.door.too_long(pending, limit) {
            self.send_raw(answer)?;
        }
        tracing::debug!(peer = %self.peer, bytes = pending.len(), "TCP connection lost its framing");
        Err(io::ErrorKind::InvalidData.into())
    }

    async fn take(&self, message: &[u8]) {
        match self.door.judge_message(message) {
            Verdict::Pass(_) => self.pass(message).await,
            Verdict::Answer(answer) => drop(self.send_raw(answer)),
            Verdict::Drop => {}
        }
    }

    async fn pass(&self, message: &[u8]) {
        let from = SipAddr {
            r#type: Some(Transport::Tcp),
            addr: self.peer.into(),
        };
        let connection = SipConnection::Channel(self.channel.clone());
        let message = SipMessage::try_from(message)
            .map_err(rsipstack::Error::from)
            .and_then(|message| {
                SipConnection::update_msg_received(message, self.peer, Transport::Tcp)
            });
        let taken = match message {
            Ok(message) => {
                self.endpoint
                    .on_received_message(message, connection, &from)
                    .await
            }
            Err(error) => Err(error),
        };
        if let Err(error) = taken {
            tracing::debug!(peer = %self.peer, %error, "message not taken");
        }
    }

    fn send_raw(&self, bytes: Vec<u8>) -> io::Result<()> {
        self.raw
            .send(bytes)
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}
