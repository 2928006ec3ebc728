package org.postern.audit;

/// One thing that is wrong.
///
/// @param severity that of the rule; less where something else makes up for it
/// @param subject a service, an endpoint or an address of one
/// @param detail what exactly; may quote a server, whose words are not to be trusted
public record Finding(AuditRule rule, AuditRule.Severity severity, String subject, String detail) {
    static Finding of(AuditRule rule, Object subject, String detail) {
        return new Finding(rule, rule.severity(), subject.toString(), detail);
    }

    /// One line, for a person.
    @Override
    public String toString() {
        return subject + ": " + rule.text() + (detail.isEmpty() ? "" : ": " + detail) + " (" + rule.source() + ")";
    }
}
