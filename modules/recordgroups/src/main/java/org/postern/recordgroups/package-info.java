/// Records of a mail domain that lead to something else than Postern's listeners: to servers that take mail for it
/// (MX), that send it (SPF, DKIM), to mailboxes for reports (DMARC, TLSRPT), to web servers (MTA-STS, autoconfig). A
/// group is published when what it leads to answers.
///
/// In reading order: [RecordGroup], [GroupSettings] (what an operator decides for a domain), [Surroundings] (what there
/// is to ask), [Prospects] (every record of a domain, and what is in its way), [Prospect].
///
/// What they say: [SpfRecord] with `SpfCheck`, [DkimKey], [TagList], [ReportAddresses], `TransportPolicy`,
/// `AutoconfigFile`. Who is asked: `MailExchangerProbe` (SMTP), `WebServer` (HTTPS), `Addresses` (DNS).
///
/// Invariants: nothing is sent but questions; what answers is read within bounds of size and time.
@org.jspecify.annotations.NullMarked
package org.postern.recordgroups;
