/// The IMAP access server.
@org.jspecify.annotations.NullMarked
package org.postern.imap;
