//! What can be wrong with the settings, in words that say what to change.

/// A setting that cannot be used. The program ends with exit code 2 before anything is bound.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{path}: cannot be read: {source}")]
    Read {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{path}: not valid TOML: {message}")]
    Syntax {
        /// The file.
        path: String,
        /// Place and reason.
        message: String,
    },
    /// A key or section that does not exist.
    #[error("{key}: no such key; {hint}")]
    Unknown {
        /// The key with its section.
        key: String,
        /// The nearest one, or all there are.
        hint: String,
    },
    /// A value that is not allowed.
    #[error("{key}: was {was}, allowed: {allowed}")]
    Value {
        /// The key with its section, or the flag.
        key: String,
        /// What stood there.
        was: String,
        /// What may stand there.
        allowed: String,
    },
}

impl ConfigError {
    /// In the words of whoever typed flags: each of these, `(flag, key)`, in the place of its key.
    pub(crate) fn typed<'a>(self, flags: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let Self::Value {
            mut key,
            was,
            mut allowed,
        } = self
        else {
            return self;
        };
        for (flag, name) in flags {
            if key == name {
                flag.clone_into(&mut key);
            }
            allowed = allowed.replace(name, flag);
        }
        Self::Value { key, was, allowed }
    }
}
