//! Connections to a server as `ureq` makes them, but encrypted as [`ServerTrust`](super::trust::ServerTrust) says, and
//! with a clock that tells waiting for the server from sending and receiving.

use std::fmt;
use std::io::{Read as _, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use ureq::Error;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport,
    TransportAdapter,
};

/// Encrypts connections to `https://`.
pub(super) struct TlsConnector(pub(super) Option<Arc<ClientConfig>>);

impl fmt::Debug for TlsConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsConnector")
    }
}

impl<In: Transport> Connector<In> for TlsConnector {
    type Out = Either<In, TlsTransport>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        let Some(transport) = chained else { return Ok(None) };
        if !details.needs_tls() || transport.is_tls() {
            return Ok(Some(Either::A(transport)));
        }
        let config = self.0.clone().ok_or(Error::Tls("no TLS is set up"))?;
        let host = details.uri.host().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(host).map_err(|_| Error::Tls("the host's name"))?;
        let mut connection = ClientConnection::new(config, name)?;
        let mut socket = TransportAdapter::new(transport.boxed(), details.current_time.clone());
        socket.set_timeout(details.timeout);
        connection.complete_io(&mut socket)?;
        let (input, output) =
            (details.config.input_buffer_size(), details.config.output_buffer_size());
        let stream = StreamOwned::new(connection, socket);
        Ok(Some(Either::B(TlsTransport { buffers: LazyBuffers::new(input, output), stream })))
    }
}

/// An encrypted connection.
pub(super) struct TlsTransport {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, TransportAdapter>,
}

impl fmt::Debug for TlsTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsTransport")
    }
}

impl Transport for TlsTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.stream.sock.set_timeout(timeout);
        self.stream.write_all(&self.buffers.output()[..amount])?;
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.stream.sock.set_timeout(timeout);
        let amount = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.sock.get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

/// When the last byte of a request went out and the first of its answer came, and how many went out.
#[derive(Clone, Debug, Default)]
pub(super) struct Clock(Arc<Times>);

#[derive(Debug, Default)]
struct Times {
    moments: Mutex<(Option<Instant>, Option<Instant>)>,
    sent: AtomicU64,
}

impl Clock {
    /// A request begins.
    pub(super) fn begins(&self) {
        self.0.sent.store(0, Ordering::Relaxed);
    }

    /// Bytes of the request under way that have left, with its headers.
    pub(super) fn sent_bytes(&self) -> u64 {
        self.0.sent.load(Ordering::Relaxed)
    }

    fn sent(&self, amount: usize) {
        self.0.sent.fetch_add(amount as u64, Ordering::Relaxed);
        *self.0.moments.lock().unwrap_or_else(PoisonError::into_inner) =
            (Some(Instant::now()), None);
    }

    fn received(&self) {
        let mut times = self.0.moments.lock().unwrap_or_else(PoisonError::into_inner);
        times.1.get_or_insert_with(Instant::now);
    }

    /// Milliseconds that the last request's answer was waited for.
    pub(super) fn waited_ms(&self) -> f64 {
        let times = *self.0.moments.lock().unwrap_or_else(PoisonError::into_inner);
        let (Some(sent), Some(received)) = times else { return 0.0 };
        received.saturating_duration_since(sent).as_secs_f64() * 1e3
    }
}

/// Puts the clock on a connection.
#[derive(Debug)]
pub(super) struct TimedConnector(pub(super) Clock);

impl<In: Transport> Connector<In> for TimedConnector {
    type Out = TimedTransport<In>;

    fn connect(
        &self,
        _: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        Ok(chained.map(|inner| TimedTransport { inner, clock: self.0.clone() }))
    }
}

/// A connection with a clock.
#[derive(Debug)]
pub(super) struct TimedTransport<T> {
    inner: T,
    clock: Clock,
}

impl<T: Transport> Transport for TimedTransport<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.inner.transmit_output(amount, timeout)?;
        self.clock.sent(amount);
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let came = self.inner.await_input(timeout)?;
        if came {
            self.clock.received();
        }
        Ok(came)
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}
