//! A phone of a few lines: text out, text in, over UDP or TCP.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

const PATIENCE: Duration = Duration::from_secs(20);

enum Way {
    Udp(UdpSocket),
    Tcp(TcpStream),
}

/// A phone with one call.
pub struct Ua {
    way: Way,
    local: SocketAddr,
    pub server: SocketAddr,
    pub call_id: String,
    pub to_tag: String,
    pub cseq: u32,
    branch: u32,
    pending: Vec<u8>,
}

/// A message that came in.
#[derive(Debug, Clone)]
pub struct Message {
    pub text: String,
}

impl Message {
    pub fn status(&self) -> u16 {
        assert!(
            self.text.starts_with("SIP/2.0 "),
            "a response expected, got\n{}",
            self.text
        );
        self.text[8..11].parse().expect("a status")
    }

    pub fn method(&self) -> &str {
        self.text.split(' ').next().expect("a first line")
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let head = self.text.split("\r\n\r\n").next().expect("headers");
        head.lines().skip(1).find_map(|line| {
            let (have, value) = line.split_once(':')?;
            have.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    pub fn body(&self) -> &str {
        self.text.split_once("\r\n\r\n").expect("an empty line").1
    }

    pub fn cseq(&self) -> &str {
        self.header("CSeq").expect("CSeq")
    }
}

impl Ua {
    pub async fn udp(server: SocketAddr) -> Self {
        let any = SocketAddr::new(server.ip(), 0);
        let socket = UdpSocket::bind(any).await.expect("a free port");
        let local = socket.local_addr().expect("bound");
        Self::new(Way::Udp(socket), local, server)
    }

    pub async fn tcp(server: SocketAddr) -> Self {
        let stream = TcpStream::connect(server)
            .await
            .expect("the server listens");
        let local = stream.local_addr().expect("connected");
        Self::new(Way::Tcp(stream), local, server)
    }

    fn new(way: Way, local: SocketAddr, server: SocketAddr) -> Self {
        let call_id = format!("call-{}", local.port());
        Self {
            way,
            local,
            server,
            call_id,
            to_tag: String::new(),
            cseq: 0,
            branch: 0,
            pending: Vec::new(),
        }
    }

    /// Forgets the call, for another one.
    pub fn fresh(&mut self) {
        self.branch += 1;
        self.call_id = format!("call-{}-{}", self.local.port(), self.branch);
        self.to_tag.clear();
    }

    pub fn sdp(&self, media: &str) -> String {
        let family = if self.local.is_ipv4() { "IP4" } else { "IP6" };
        let host = format!("IN {family} {}", self.local.ip());
        format!("v=0\r\no=- 1 1 {host}\r\ns=-\r\nc={host}\r\nt=0 0\r\n{media}")
    }

    /// A request of this call, as text.
    pub fn request(&mut self, method: &str, user: &str, more: &str, body: &str) -> String {
        self.branch += 1;
        let (transport, server, local) = (self.transport(), self.server, self.local);
        let (call_id, cseq, branch) = (&self.call_id, self.cseq, self.branch);
        let tag = if self.to_tag.is_empty() {
            String::new()
        } else {
            format!(";tag={}", self.to_tag)
        };
        let kind = if body.is_empty() || more.contains("Content-Type") {
            ""
        } else {
            "Content-Type: application/sdp\r\n"
        };
        format!(
            "{method} sip:{user}@{server} SIP/2.0\r\nVia: SIP/2.0/{transport} {local};rport;branch=z9hG4bK{branch}-{cseq}-{method}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:ua@{local}>;tag=ua{}\r\nTo: <sip:{user}@{server}>{tag}\r\nCall-ID: {call_id}\r\n\
             CSeq: {cseq} {method}\r\nContact: <sip:ua@{local}>\r\n{kind}{more}Content-Length: {}\r\n\r\n{body}",
            local.port(),
            body.len(),
        )
    }

    fn transport(&self) -> &'static str {
        match self.way {
            Way::Udp(_) => "UDP",
            Way::Tcp(_) => "TCP",
        }
    }

    pub async fn send(&mut self, bytes: &[u8]) {
        match &mut self.way {
            Way::Udp(socket) => drop(socket.send_to(bytes, self.server).await.expect("sent")),
            Way::Tcp(stream) => stream.write_all(bytes).await.expect("sent"),
        }
    }

    pub async fn recv(&mut self) -> Message {
        let message = tokio::time::timeout(PATIENCE, self.recv_any()).await;
        message
            .expect("nothing came in time")
            .expect("the connection was closed")
    }

    /// The next message; `None` when the connection is closed.
    pub async fn recv_any(&mut self) -> Option<Message> {
        let mut buffer = vec![0; 65_536];
        if let Way::Udp(socket) = &self.way {
            let length = socket.recv(&mut buffer).await.expect("received");
            return Some(Message {
                text: String::from_utf8_lossy(&buffer[..length]).into_owned(),
            });
        }
        loop {
            if let Some(message) = self.framed() {
                return Some(message);
            }
            let Way::Tcp(stream) = &mut self.way else {
                return None;
            };
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => return None,
                Ok(length) => self.pending.extend_from_slice(&buffer[..length]),
            }
        }
    }

    fn framed(&mut self) -> Option<Message> {
        let head = self
            .pending
            .windows(4)
            .position(|four| four == b"\r\n\r\n")?
            + 4;
        let message = Message {
            text: String::from_utf8_lossy(&self.pending[..head]).into_owned(),
        };
        let length: usize = message
            .header("Content-Length")
            .map_or(0, |value| value.parse().expect("a length"));
        if self.pending.len() < head + length {
            return None;
        }
        let all: Vec<u8> = self.pending.drain(..head + length).collect();
        Some(Message {
            text: String::from_utf8_lossy(&all).into_owned(),
        })
    }

    /// The next response that is final.
    pub async fn recv_final(&mut self) -> Message {
        loop {
            let message = self.recv().await;
            if message.text.starts_with("SIP/2.0 ") && message.status() >= 200 {
                return message;
            }
        }
    }

    /// INVITE and the final response to it; a refusal is acknowledged.
    pub async fn invite(&mut self, user: &str, more: &str, body: &str) -> Message {
        self.cseq += 1;
        let request = self.request("INVITE", user, more, body);
        self.send(request.as_bytes()).await;
        let response = self.recv_final().await;
        if response.status() < 300 {
            self.learn(&response);
        } else {
            let ack = request_to_ack(&request, &response);
            self.send(ack.as_bytes()).await;
        }
        response
    }

    pub fn learn(&mut self, response: &Message) {
        let to = response.header("To").expect("To");
        self.to_tag = to.split(";tag=").nth(1).expect("a tag").to_owned();
    }

    pub async fn ack(&mut self, user: &str, body: &str) {
        let request = self.request("ACK", user, "", body);
        self.send(request.as_bytes()).await;
    }

    /// A call that is answered and acknowledged.
    pub async fn call(&mut self, user: &str) -> Message {
        let offer = self.sdp("m=audio 4000 RTP/AVP 0 8\r\n");
        let response = self.invite(user, "", &offer).await;
        assert_eq!(response.status(), 200, "{}", response.text);
        self.ack(user, "").await;
        response
    }

    /// A request other than INVITE, and its final response.
    pub async fn ask(&mut self, method: &str, user: &str) -> Message {
        self.cseq += 1;
        let request = self.request(method, user, "", "");
        self.send(request.as_bytes()).await;
        self.recv_final().await
    }

    /// Waits for a request of the server and answers it with 200.
    pub async fn expect(&mut self, method: &str) -> Message {
        loop {
            let message = self.recv().await;
            if message.text.starts_with("SIP/2.0 ") {
                continue;
            }
            assert_eq!(message.method(), method, "{}", message.text);
            let answer = answer_to(&message);
            self.send(answer.as_bytes()).await;
            return message;
        }
    }
}

fn answer_to(request: &Message) -> String {
    let copied: String = ["Via", "From", "To", "Call-ID", "CSeq"]
        .iter()
        .map(|name| {
            format!(
                "{name}: {}\r\n",
                request.header(name).expect("a header of any request")
            )
        })
        .collect();
    format!("SIP/2.0 200 OK\r\n{copied}Content-Length: 0\r\n\r\n")
}

/// ACK of a refusal: the request's own transaction.
fn request_to_ack(request: &str, response: &Message) -> String {
    let head = request.split("\r\n\r\n").next().expect("headers");
    let lines: Vec<_> = head
        .lines()
        .filter_map(|line| {
            let name = line.split(':').next().unwrap_or_default();
            match name {
                "To" => Some(format!("To: {}", response.header("To").expect("To"))),
                "CSeq" => Some(line.replace("INVITE", "ACK")),
                "Content-Type" | "Content-Length" | "Contact" => None,
                _ if line.starts_with("INVITE ") => Some(line.replacen("INVITE", "ACK", 1)),
                _ => Some(line.to_owned()),
            }
        })
        .collect();
    format!("{}\r\nContent-Length: 0\r\n\r\n", lines.join("\r\n"))
}
