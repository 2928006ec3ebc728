/// Mailboxes, messages, change feed, search; accounts; the one place where mail is delivered.
@org.jspecify.annotations.NullMarked
package org.postern.store;
