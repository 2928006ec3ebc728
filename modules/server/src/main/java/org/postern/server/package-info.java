/// The program: configuration, command line, and the composition root that makes everything else.
///
/// In reading order: [Main] (the command line), [Configuration] and [ConfigurationReader] (the file),
/// [LiveConfiguration] and [FileWatch] (how it changes while the server runs), [ConfigurationCheck],
/// [ServeCommand], [ServerProcess] and [PosternServer] (everything, made in order and closed the other way round),
/// [DataDirectory], [CertificateKeeper] and [CertificateWatch], [ClientCertificateLogins], [Meters], [Health] and
/// [MetricsEndpoint], [Quickstart] with [QuickstartState] and [SampleMail], [Logging], [ServiceManager] (systemd).
///
/// Records of mail domains: [DnsSettings] (read by [DnsSection]), [DnsSources] (what is wanted) of [ServedTlsa] and
/// [DnsGroups]; [DnsKeeper] (what is published and looked at) with [DnsPublishers], [DnsMemory] and [DnsWatch];
/// [PortLeads]; [DnsLint]; [RetiringListeners]
/// with [ListenerMemory]; [AcmeRecords]. Another way to publish is a record in
/// `DnsSettings.Way`, a branch in `DnsSection` and one in `DnsPublishers`. The own name server: [NameServerSection],
/// [NameServerManagement], [ZoneDisplay]; [FreePort] for quickstart's.
///
/// Changing a running server: [Request] and [Answer] (all there is to ask and to be told), [ControlMessages] with
/// [RequestNames] and [Json] (how they look on the wire), [ControlSocket] (the server's end), [Management] (the
/// audit log, and the way to the `…Management` of each family: [DomainManagement] and so on); [ControlClient],
/// [RunningServer], [Output] with [Table] and [Units] (the command line's end) and the `…Command` of each family.
/// A new command is a record in `Request`, a branch in its `…Management`, a method in its `…Command`. One that
/// takes long reports to a [Progress]; one that needs no server mixes in [ConfigurationFile] and [Output] instead
/// of `RunningServer`. One that moves mail ([ImportCommand], [MailManagement]) goes on as a conversation of two
/// sides, which are in `interchange`.
///
/// Care of the store: [StoreCommand], [BackupCommand] and [RestoreCommand], beside a server by [StoreManagement] with
/// [KeyFiles], without one with room from [Scratch].
///
/// Invariants: a wrong setting stops the start and is named with file and line; one process for each data
/// directory; passwords come from a terminal or standard input, never as arguments; a request's record
/// holds no secret, for it stands in the audit log.
@org.jspecify.annotations.NullMarked
package org.postern.server;
