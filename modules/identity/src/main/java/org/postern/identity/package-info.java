/// Reference and presented identifiers of certificates (RFC 9525, 7817, 4985).
@org.jspecify.annotations.NullMarked
package org.postern.identity;
