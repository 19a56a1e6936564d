//! As much of SIP as N calls over UDP need; nothing is retransmitted.

use std::error::Error;
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};

use crate::Phone;

/// Where all calls are made from.
pub(crate) struct Desk {
    pub(crate) sip: UdpSocket,
    pub(crate) user: String,
    pub(crate) server: SocketAddr,
}

impl Desk {
    /// Calls and is answered.
    pub(crate) fn dial(&mut self, call: usize) -> Result<Phone, Box<dyn Error>> {
        let media = UdpSocket::bind((self.server.ip(), 0))?;
        let here = media.local_addr()?;
        let family = if here.is_ipv4() { "IP4" } else { "IP6" };
        let body = format!(
            "v=0\r\no=- {call} 1 IN {family} {ip}\r\ns=-\r\nc=IN {family} {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\na=ptime:20\r\n",
            ip = here.ip(),
            port = here.port(),
        );
        let sdp = format!(
            "Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.send("INVITE", call, 1, "", &sdp)?;
        let answer = self.answer(call)?;
        let to_tag = after(&answer, "To:")
            .and_then(|to| after(to, "tag="))
            .map_or("", word)
            .to_owned();
        let port = after(&answer, "m=audio ").map_or("", word).parse();
        let port: u16 = port.map_err(|_| format!("call {call}: the answer has no audio port"))?;
        self.send("ACK", call, 1, &to_tag, "Content-Length: 0\r\n\r\n")?;
        media.connect((self.server.ip(), port))?;
        media.set_nonblocking(true)?;
        Ok(Phone {
            media,
            call,
            to_tag,
            sequence: 0,
            received: 0,
        })
    }

    /// Says BYE and waits for the answer.
    pub(crate) fn hang_up(&mut self, phone: &Phone) -> Result<(), Box<dyn Error>> {
        self.send(
            "BYE",
            phone.call,
            2,
            &phone.to_tag,
            "Content-Length: 0\r\n\r\n",
        )?;
        self.answer(phone.call).map(drop)
    }

    fn send(
        &self,
        method: &str,
        call: usize,
        cseq: u32,
        to_tag: &str,
        rest: &str,
    ) -> Result<(), Box<dyn Error>> {
        let (me, server, user) = (self.sip.local_addr()?, self.server, &self.user);
        let tag = if to_tag.is_empty() {
            String::new()
        } else {
            format!(";tag={to_tag}")
        };
        let message = format!(
            "{method} sip:{user}@{server} SIP/2.0\r\nVia: SIP/2.0/UDP {me};branch=z9hG4bK{call}{cseq}{method}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:phone{call}@{me}>;tag=p{call}\r\nTo: <sip:{user}@{server}>{tag}\r\n\
             Call-ID: phones-{call}@{me}\r\nCSeq: {cseq} {method}\r\nContact: <sip:phone{call}@{me}>\r\n{rest}"
        );
        self.sip.send(message.as_bytes())?;
        Ok(())
    }

    /// The final answer to the request of `call` that is under way.
    fn answer(&self, call: usize) -> Result<String, Box<dyn Error>> {
        let mut into = [0u8; 4096];
        loop {
            let length = self
                .sip
                .recv(&mut into)
                .map_err(|error| match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::TimedOut => {
                        format!("call {call}: {} has not answered within 2 s", self.server)
                    }
                    _ => format!("call {call}: {}: {error}", self.server),
                })?;
            let text = String::from_utf8_lossy(&into[..length]).into_owned();
            let ours = text.contains(&format!("phones-{call}@"));
            match after(&text, "SIP/2.0 ").map_or("", word).parse::<u16>() {
                Ok(200..300) if ours => return Ok(text),
                Ok(300..) if ours => {
                    let line = text.lines().next().unwrap_or_default();
                    let why = after(&text, "Reason:").and_then(|rest| rest.lines().next());
                    let why = why.map_or(String::new(), |why| format!(" ({})", why.trim()));
                    return Err(format!("call {call} was refused: {line}{why}").into());
                }
                _ => {}
            }
        }
    }
}

fn after<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    text.find(mark).map(|at| &text[at + mark.len()..])
}

fn word(text: &str) -> &str {
    text.split([' ', '\r', '\n', ';', '>']).next().unwrap_or("")
}
