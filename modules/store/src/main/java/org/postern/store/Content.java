package org.postern.store;

import org.postern.message.MessageExtract;

/// A message's octets in their segment, with all that was computed of them; no row names them yet.
///
/// @param stored octets that the record takes in its segment
record Content(BlobReference blob, long stored, byte[] digest, MessageExtract extract) {}
