/// Tests only: store, session and a protocol on a loopback listener, for transcripts.
@org.jspecify.annotations.NullMarked
package org.postern.stack;
