/// Listeners and connections: bytes, TLS, STARTTLS, deadlines, limits, the session record.
@org.jspecify.annotations.NullMarked
package org.postern.session;
