/// Composition root, configuration, command line, packaging.
@org.jspecify.annotations.NullMarked
package org.postern.server;
