//! A bundle on the standard input, which has to arrive within a time and not to be too large.

use std::io::Read;
use std::sync::mpsc;
use std::time::Duration;

use crate::deploy::bundle::LIMIT;
use crate::error::Error;

/// How long a bundle may take to arrive: 16 MiB at 60 kB/s.
const PATIENCE: Duration = Duration::from_mins(5);

/// The bundle on the standard input, as it was packed.
pub(super) fn read_packed() -> Result<Vec<u8>, Error> {
    within(PATIENCE, std::io::stdin())
}

/// Reads to the end, or until the time is over: a client that sends nothing must not keep a process of root.
fn within(patience: Duration, from: impl Read + Send + 'static) -> Result<Vec<u8>, Error> {
    let (sender, arrived) = mpsc::channel();
    // The thread ends with the process.
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = from.take(LIMIT + 1).read_to_end(&mut bytes);
        sender.send(read.map(|_| bytes))
    });
    let late = |_| Error::Bundle(format!("it did not arrive within {} s", patience.as_secs()));
    let read = arrived.recv_timeout(patience).map_err(late)?;
    let bytes = read.map_err(|it| Error::Bundle(format!("it cannot be read: {it}")))?;
    if bytes.len() as u64 > LIMIT {
        return Err(Error::Bundle(format!("it is larger than {} MiB", LIMIT >> 20)));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    /// Sends a byte and then nothing more.
    struct Silent(Option<u8>);

    impl Read for Silent {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let Some(byte) = self.0.take() else {
                std::thread::sleep(PATIENCE);
                return Ok(0);
            };
            buffer[0] = byte;
            Ok(1)
        }
    }

    #[test]
    fn who_sends_nothing_is_not_waited_for() {
        let started = Instant::now();
        let error = within(Duration::from_millis(50), Silent(Some(1))).expect_err("it is late");
        assert!(error.to_string().contains("did not arrive within"), "{error}");
        assert!(started.elapsed() < PATIENCE / 10);
        assert_eq!(within(PATIENCE, &b"bytes"[..]).expect("it is all there"), b"bytes");
    }
}
