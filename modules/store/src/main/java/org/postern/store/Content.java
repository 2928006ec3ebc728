package org.postern.store;

import org.postern.message.MessageExtract;

/// A message's octets in their segment, with all that was computed of them; no row names them yet.
record Content(BlobReference blob, byte[] digest, MessageExtract extract) {}
