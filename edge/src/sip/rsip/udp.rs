//! The UDP socket as the stack sees it: only what the door lets through.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;

use rsipstack::Result;
use rsipstack::platform::net::UdpSocket as StackSocket;
use tokio::net::UdpSocket;
use tokio::sync::Mutex;

use super::door::{Door, Verdict, headers_end};
use super::sockets::{canonical, reach};

/// Longer than any datagram, so that none is cut short unseen.
const LONGEST: usize = 65_536;

/// A socket with a door.
pub(super) struct Guarded {
    socket: UdpSocket,
    local: SocketAddr,
    door: Door,
    /// One reader at a time, the stack's; the lock is never waited for.
    scratch: Mutex<Box<[u8]>>,
}

impl Guarded {
    pub(super) fn new(socket: std::net::UdpSocket, door: Door) -> io::Result<Self> {
        let scratch = Mutex::new(vec![0; LONGEST].into_boxed_slice());
        Ok(Self {
            local: socket.local_addr()?,
            socket: UdpSocket::from_std(socket)?,
            door,
            scratch,
        })
    }

    async fn receive(&self, out: &mut [u8]) -> Result<(usize, SocketAddr)> {
        let mut scratch = self.scratch.lock().await;
        loop {
            let (length, source) = self.socket.recv_from(&mut scratch).await?;
            let source = canonical(source);
            let packet = &scratch[..length];
            match self.door.judge_datagram(packet, source) {
                Verdict::Pass(line) => {
                    if let Some(length) = copy(packet, line.as_deref(), out) {
                        return Ok((length, source));
                    }
                    self.door.counters().too_long.add_one();
                }
                Verdict::Answer(answer) => {
                    if let Err(error) = self.send(&answer, source).await {
                        tracing::debug!(%source, %error, "refusal not sent");
                    }
                }
                Verdict::Drop => {}
            }
        }
    }

    async fn send(&self, packet: &[u8], to: SocketAddr) -> io::Result<usize> {
        self.socket
            .send_to(packet, reach(self.local.ip(), to))
            .await
    }
}

/// Copies `packet` with `line` added to its headers; `None` if it does not fit.
fn copy(packet: &[u8], line: Option<&str>, out: &mut [u8]) -> Option<usize> {
    let line = line.unwrap_or_default().as_bytes();
    let at = headers_end(packet).map_or(packet.len(), |end| end - 4);
    let length = packet.len() + line.len();
    let out = out.get_mut(..length)?;
    out[..at].copy_from_slice(&packet[..at]);
    out[at..at + line.len()].copy_from_slice(line);
    out[at + line.len()..].copy_from_slice(&packet[at..]);
    Some(length)
}

type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

impl StackSocket for Guarded {
    fn recv_from<'a, 'b, 'c>(&'a self, buf: &'b mut [u8]) -> Boxed<'c, (usize, SocketAddr)>
    where
        'a: 'c,
        'b: 'c,
        Self: 'c,
    {
        Box::pin(self.receive(buf))
    }

    fn send_to<'a, 'b, 'c>(&'a self, buf: &'b [u8], addr: SocketAddr) -> Boxed<'c, usize>
    where
        'a: 'c,
        'b: 'c,
        Self: 'c,
    {
        Box::pin(async move { Ok(self.send(buf, addr).await?) })
    }

    fn local_addr(&self) -> Result<SocketAddr> {
        Ok(self.local)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_added_at_the_end_of_the_headers() {
        let mut out = [0; 64];
        let length = copy(b"A: b\r\n\r\nhi", Some("\r\nL: 2"), &mut out).expect("fits");
        assert_eq!(&out[..length], b"A: b\r\nL: 2\r\n\r\nhi");
        assert_eq!(copy(b"\r\n\r\n", None, &mut out), Some(4));
        assert_eq!(copy(&[b'x'; 65], None, &mut out), None);
    }
}
