//! RTP header extensions: RFC 8285 elements in one-byte and two-byte form, and the audio level of RFC 6464.
//!
//! Any thread. Everything borrows the datagram; a malformed element ends the list and is never an error,
//! because RFC 8285 section 4.1 wants the rest of the packet used all the same.

use core::ops::Range;

/// The header extension of one packet: its profile word and where its data lie in the datagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// The 16 bits "defined by profile": 0xBEDE is the one-byte form, 0x100x the two-byte form.
    pub profile: u16,
    /// Where the data lie in the datagram, in bytes.
    pub data: Range<usize>,
}

/// One extension element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element<'a> {
    /// Local identifier, as negotiated by `a=extmap`.
    pub id: u8,
    /// The element's bytes.
    pub data: &'a [u8],
}

/// The client-to-mixer audio level of RFC 6464.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioLevel {
    /// Level in -dBov, 0 (loudest) to 127 (silence).
    pub level: u8,
    /// The sender believes that the packet holds voice.
    pub voice: bool,
}

impl Extension {
    /// The elements, in order. `datagram` must be the one that was parsed; with another one the list may be
    /// empty, never a panic.
    #[must_use]
    pub fn elements<'a>(&self, datagram: &'a [u8]) -> Elements<'a> {
        let form = match self.profile {
            0xbede => Form::OneByte,
            profile if profile >> 4 == 0x100 => Form::TwoByte,
            _ => Form::Other,
        };
        let data = datagram.get(self.data.clone()).unwrap_or(&[]);
        Elements {
            data: if form == Form::Other { &[] } else { data },
            form,
        }
    }

    /// The RFC 6464 audio level carried under the local identifier `id`.
    #[must_use]
    pub fn audio_level(&self, datagram: &[u8], id: u8) -> Option<AudioLevel> {
        let element = self.elements(datagram).find(|element| element.id == id)?;
        let byte = *element.data.first()?;
        Some(AudioLevel {
            level: byte & 0x7f,
            voice: byte & 0x80 != 0,
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    OneByte,
    TwoByte,
    Other,
}

/// Iterator over the elements of an [`Extension`].
#[derive(Clone, Debug)]
pub struct Elements<'a> {
    data: &'a [u8],
    form: Form,
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        // A zero byte is padding between elements (RFC 8285 section 4.1.1).
        while let [0, rest @ ..] = self.data {
            self.data = rest;
        }
        let (id, len, rest) = match (self.form, self.data) {
            // Identifier 15 ends the list (section 4.2).
            (Form::OneByte, [head, rest @ ..]) if head >> 4 != 15 => {
                (head >> 4, usize::from(head & 0x0f) + 1, rest)
            }
            (Form::TwoByte, [id, len, rest @ ..]) => (*id, usize::from(*len), rest),
            _ => return None,
        };
        let Some((data, rest)) = rest.split_at_checked(len) else {
            self.data = &[];
            return None;
        };
        self.data = rest;
        Some(Element { id, data })
    }
}
