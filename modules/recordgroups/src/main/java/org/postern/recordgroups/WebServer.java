package org.postern.recordgroups;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import org.apache.hc.client5.http.DnsResolver;
import org.apache.hc.client5.http.classic.methods.HttpGet;
import org.apache.hc.client5.http.classic.methods.HttpHead;
import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.ManagedHttpClientConnectionFactory;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.client5.http.ssl.DefaultClientTlsStrategy;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.config.Http1Config;
import org.apache.hc.core5.util.Timeout;
import org.postern.resolver.DomainName;

/// Fetches files from a web server, whatever DNS says of the name by which it is asked: that name may not be there
/// yet. Goes nowhere else (no redirects), and takes no more than 64 KiB and half a minute. Blocking.
final class WebServer {
    private static final Timeout CONNECT = Timeout.ofSeconds(5);
    private static final Timeout READ = Timeout.ofSeconds(10);
    private static final long WHOLE_SECONDS = 30;
    private static final int LARGEST = 64 * 1024; // octets, RFC 8461 §3.3

    private static final int LONGEST_LINE = 8 * 1024; // octets, of a header field
    private static final int MOST_FIELDS = 100;

    private final SSLContext trust;
    private final Surroundings.Ports ports;

    WebServer(SSLContext trust, Surroundings.Ports ports) {
        this.trust = trust;
        this.ports = ports;
    }

    /// A file.
    ///
    /// @param mediaType without parameters, lower case; empty where none is told
    record Page(String mediaType, byte[] content) {}

    /// By HTTPS, with a certificate for the name.
    ///
    /// @param name by which it is asked
    /// @param addresses where it is
    /// @param path with the query
    /// @throws IOException where there is no such file, in words
    Page get(DomainName name, List<InetAddress> addresses, String path) throws IOException {
        URI uri = URI.create("https://" + name + (ports.https() == 443 ? "" : ":" + ports.https()) + path);
        return get(uri, addresses);
    }

    /// @throws IOException where there is no such file, in words
    Page get(URI uri, List<InetAddress> addresses) throws IOException {
        HttpGet get = new HttpGet(uri);
        bound(get);
        try (CloseableHttpClient client = client(addresses)) {
            return client.execute(get, response -> page(get, uri, response));
        } catch (IOException e) {
            throw e instanceof Refused ? e : new IOException(uri + ": " + e.getMessage(), e);
        }
    }

    /// Whether somebody answers there, as a web server that gets its certificate yet does.
    boolean listens(List<InetAddress> addresses) {
        for (InetAddress address : addresses) {
            for (int port : new int[] {ports.https(), ports.http()}) {
                try (Socket socket = new Socket()) {
                    socket.connect(new InetSocketAddress(address, port), (int) CONNECT.toMilliseconds());
                    return true;
                } catch (IOException _) {
                    // the next
                }
            }
        }
        return false;
    }

    /// Whether it speaks HTTPS, with a certificate for the name in the address: whatever it answers.
    ///
    /// @throws IOException where it does not, in words
    void require(URI uri, List<InetAddress> addresses) throws IOException {
        try (CloseableHttpClient client = client(addresses)) {
            HttpHead head = new HttpHead(uri); // its answer has no content
            bound(head);
            client.execute(head, ClassicHttpResponse::getCode);
        } catch (IOException e) {
            throw new IOException(uri + ": " + e.getMessage(), e);
        }
    }

    private static void bound(HttpUriRequestBase request) {
        CompletableFuture.delayedExecutor(WHOLE_SECONDS, TimeUnit.SECONDS).execute(request::cancel);
    }

    private static Page page(HttpGet get, URI uri, ClassicHttpResponse response) throws IOException {
        if (response.getCode() != 200) { // RFC 8461 §3.3: a redirect is none
            get.cancel(); // else what it sends is read to its end
            throw new Refused(uri + " answers " + response.getCode());
        }
        HttpEntity entity = response.getEntity();
        if (entity == null) {
            throw new Refused(uri + " is empty");
        }
        ContentType type = ContentType.parseLenient(entity.getContentType());
        String mediaType = type == null ? "" : type.getMimeType().toLowerCase(Locale.ROOT);
        try (InputStream content = entity.getContent()) {
            byte[] octets = content.readNBytes(LARGEST + 1);
            if (octets.length > LARGEST) {
                get.cancel();
                throw new Refused(uri + " has more than " + LARGEST + " octets");
            }
            return new Page(mediaType, octets);
        }
    }

    /// An answer that is not what was asked for; says all.
    private static final class Refused extends IOException {
        private static final long serialVersionUID = 1;

        Refused(String message) {
            super(message);
        }
    }

    private CloseableHttpClient client(List<InetAddress> addresses) {
        return HttpClients.custom()
                .setConnectionManager(PoolingHttpClientConnectionManagerBuilder.create()
                        .setConnectionFactory(ManagedHttpClientConnectionFactory.builder()
                                .http1Config(Http1Config.custom()
                                        .setMaxLineLength(LONGEST_LINE)
                                        .setMaxHeaderCount(MOST_FIELDS)
                                        .build())
                                .build())
                        .setDnsResolver(new Known(addresses))
                        .setTlsSocketStrategy(new DefaultClientTlsStrategy(trust))
                        .setDefaultConnectionConfig(ConnectionConfig.custom()
                                .setConnectTimeout(CONNECT)
                                .setSocketTimeout(READ)
                                .build())
                        .build())
                .setDefaultRequestConfig(
                        RequestConfig.custom().setResponseTimeout(READ).build())
                .setUserAgent("Postern")
                .disableRedirectHandling()
                .disableAutomaticRetries()
                .disableContentCompression()
                .disableCookieManagement()
                .disableAuthCaching()
                .build();
    }

    /// Every name is there.
    private record Known(List<InetAddress> addresses) implements DnsResolver {
        @Override
        public InetAddress[] resolve(String host) {
            return addresses.toArray(InetAddress[]::new);
        }

        @Override
        public String resolveCanonicalHostname(String host) {
            return host;
        }
    }
}
