package org.postern.recordgroups;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.postern.dns.FrontEnd;
import org.postern.dns.MailService;
import org.postern.resolver.DomainName;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.ErrorHandler;
import org.xml.sax.SAXException;
import org.xml.sax.SAXParseException;

/// Settings for mail programs, as they look for them below `autoconfig.` (config-v1.1.xml).
record AutoconfigFile(List<MailServer> servers) {
    AutoconfigFile {
        servers = List.copyOf(servers);
    }

    /// One that a mail program may take.
    ///
    /// @param type `imap`, `pop3` or `smtp`
    /// @param security `SSL`, `STARTTLS` or `plain`
    record MailServer(String type, String host, String port, String security) {
        @Override
        public String toString() {
            return type + " " + host + ":" + port + " " + security;
        }
    }

    /// @throws IOException if it is none, in words
    static AutoconfigFile parse(byte[] octets, DomainName domain) throws IOException {
        try {
            DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
            factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
            factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true); // nothing is fetched
            var builder = factory.newDocumentBuilder();
            builder.setErrorHandler(QUIET);
            Element root = builder.parse(new ByteArrayInputStream(octets)).getDocumentElement();
            if (!root.getTagName().equals("clientConfig")) {
                throw new IOException("it is no clientConfig but " + root.getTagName());
            }
            List<MailServer> servers = new ArrayList<>();
            for (String name : List.of("incomingServer", "outgoingServer")) {
                NodeList found = root.getElementsByTagName(name);
                for (int index = 0; index < found.getLength(); index++) {
                    Element server = (Element) found.item(index);
                    servers.add(new MailServer(
                            server.getAttribute("type"),
                            text(server, "hostname")
                                    .replace("%EMAILDOMAIN%", domain.text())
                                    .toLowerCase(Locale.ROOT),
                            text(server, "port"),
                            text(server, "socketType")));
                }
            }
            return new AutoconfigFile(servers);
        } catch (SAXException e) {
            throw new IOException("it is no XML: " + e.getMessage(), e);
        } catch (ParserConfigurationException e) {
            throw new IllegalStateException(e); // this runtime's parser knows them
        }
    }

    /// The parser's own prints what it finds.
    private static final ErrorHandler QUIET = new ErrorHandler() {
        @Override
        public void warning(SAXParseException exception) {
            // no business of ours
        }

        @Override
        public void error(SAXParseException exception) throws SAXException {
            throw exception;
        }

        @Override
        public void fatalError(SAXParseException exception) throws SAXException {
            throw exception;
        }
    };

    private static String text(Element server, String name) {
        NodeList found = server.getElementsByTagName(name);
        return found.getLength() == 0 ? "" : found.item(0).getTextContent().strip();
    }

    /// Where it leads elsewhere than SRV records do; empty where it does not.
    Optional<String> disagreement(List<FrontEnd> frontEnds, Map<MailService, Integer> services) {
        for (MailServer server : servers) {
            Optional<MailService> service = service(server);
            if (service.isEmpty()) {
                return Optional.of("it offers " + server + ", and there is nothing without TLS here");
            }
            Integer port = services.get(service.get());
            if (port == null || !server.port().equals(port.toString())) {
                return Optional.of("it offers " + server + ", and "
                        + service.get().label() + (port == null ? " is not offered" : " is on port " + port));
            }
            if (frontEnds.stream().noneMatch(each -> each.host().text().equals(server.host()))) {
                return Optional.of("it offers " + server + ", and clients are sent to "
                        + String.join(
                                ", ",
                                frontEnds.stream()
                                        .map(each -> each.host().text())
                                        .toList()));
            }
        }
        boolean both = servers.stream().anyMatch(each -> each.type().equals("smtp"))
                && servers.stream().anyMatch(each -> !each.type().equals("smtp"));
        return both ? Optional.empty() : Optional.of("it does not name a server for each of reading and sending");
    }

    private static Optional<MailService> service(MailServer server) {
        return switch (server.type() + " " + server.security()) {
            case "imap SSL" -> Optional.of(MailService.IMAPS);
            case "imap STARTTLS" -> Optional.of(MailService.IMAP);
            case "pop3 SSL" -> Optional.of(MailService.POP3S);
            case "pop3 STARTTLS" -> Optional.of(MailService.POP3);
            case "smtp SSL" -> Optional.of(MailService.SUBMISSIONS);
            case "smtp STARTTLS" -> Optional.of(MailService.SUBMISSION);
            default -> Optional.empty();
        };
    }
}
