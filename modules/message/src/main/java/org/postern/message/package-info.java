/// Reads RFC 5322 and MIME: outline, ENVELOPE and BODYSTRUCTURE, decoded text.
@org.jspecify.annotations.NullMarked
package org.postern.message;
