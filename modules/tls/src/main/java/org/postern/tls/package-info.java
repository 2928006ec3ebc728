/// TLS policy, own certificate authority, served certificates.
@org.jspecify.annotations.NullMarked
package org.postern.tls;
