/// The SMTP engine: grammar, dialogue, DATA, trace headers; roles are passed in.
@org.jspecify.annotations.NullMarked
package org.postern.smtp;
