package org.postern.nameserver;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Arrays;
import java.util.Optional;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/// Asks one question, once.
final class Dig {
    private Dig() {}

    static Optional<SOARecord> soa(int port, String name) throws IOException {
        Message message = Message.newQuery(Record.newRecord(Name.fromString(name), Type.SOA, DClass.IN));
        byte[] answer = udp(port, message.toWire(512), 1_000);
        return answer.length == 0
                ? Optional.empty()
                : new Message(answer)
                        .getSection(Section.ANSWER).stream()
                                .filter(SOARecord.class::isInstance)
                                .map(SOARecord.class::cast)
                                .findFirst();
    }

    /// Empty where no answer comes.
    static byte[] udp(int port, byte[] question, int milliseconds) throws IOException {
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.connect(new InetSocketAddress(TestZones.LOOPBACK, port));
            socket.setSoTimeout(milliseconds);
            socket.send(new DatagramPacket(question, question.length));
            DatagramPacket packet = new DatagramPacket(new byte[65_535], 65_535);
            try {
                socket.receive(packet);
            } catch (java.net.SocketTimeoutException | java.net.PortUnreachableException e) {
                return new byte[0];
            }
            return Arrays.copyOf(packet.getData(), packet.getLength());
        }
    }

    static byte[] tcp(Socket socket, byte[] question) throws IOException {
        DataOutputStream out = new DataOutputStream(socket.getOutputStream());
        byte[] framed = new byte[question.length + 2];
        framed[0] = (byte) (question.length >> 8);
        framed[1] = (byte) question.length;
        System.arraycopy(question, 0, framed, 2, question.length);
        out.write(framed);
        return receive(socket);
    }

    static byte[] receive(Socket socket) throws IOException {
        DataInputStream in = new DataInputStream(socket.getInputStream());
        byte[] answer = new byte[in.readUnsignedShort()];
        in.readFully(answer);
        return answer;
    }
}
