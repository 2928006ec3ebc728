/// The program: configuration, command line, and the composition root that makes everything else.
///
/// In reading order: [Main] (the command line), [Configuration] and [ConfigurationReader] (the file),
/// [PosternServer] (everything, made in order and closed the other way round), [DataDirectory],
/// [CertificateKeeper], [Meters], [Health] and [MetricsEndpoint], [Management] and [ControlSocket]
/// (changing a running server), [Quickstart] with [QuickstartState] and [SampleMail], [Logging],
/// [ServiceManager] (systemd).
///
/// Invariants: a wrong setting stops the start and is named with file and line; one process for each data
/// directory; passwords come from a terminal or standard input, never as arguments.
@org.jspecify.annotations.NullMarked
package org.postern.server;
