/// The message submission role (RFC 6409).
@org.jspecify.annotations.NullMarked
package org.postern.submission;
