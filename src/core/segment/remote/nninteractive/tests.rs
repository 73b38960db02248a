//! A server for tests, of what uses sessions.

pub(in crate::segment) mod stub;
