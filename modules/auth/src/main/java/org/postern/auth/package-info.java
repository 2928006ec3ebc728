/// Who a client is: credentials and SASL mechanisms as pure state machines.
@org.jspecify.annotations.NullMarked
package org.postern.auth;
