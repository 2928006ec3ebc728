// nodemailer. Run by NodeClientsTest: submit.js CA PORT implicit|starttls USER PASSWORD RECIPIENT…
const assert = require('node:assert/strict');
const fs = require('node:fs');
const nodemailer = require('nodemailer');

const [ca, port, security, user, pass, ...to] = process.argv.slice(2);

async function submit() {
    const transport = nodemailer.createTransport({
        host: 'localhost',
        port: Number(port),
        secure: security === 'implicit',
        requireTLS: true,
        tls: { ca: fs.readFileSync(ca), rejectUnauthorized: true },
        auth: { user, pass },
        pool: true,
        maxConnections: 1
    });
    await transport.verify();
    const sent = await transport.sendMail({
        from: { name: 'Alice Müller', address: user },
        to,
        bcc: user,
        subject: 'Überraschung für Jürgen 🎂 ' + security,
        text: 'Grüße\n.\n.. ' + 'ein langer Absatz '.repeat(100) + '\n',
        html: '<p>Grüße <img src="cid:zeros"></p>',
        attachments: [
            { filename: 'Zeugnis für Jürgen.bin', content: Buffer.alloc(300_000, 7) },
            { filename: 'zeros.png', cid: 'zeros', content: Buffer.alloc(100) }
        ]
    });
    assert.deepEqual(sent.accepted, [...to, user]);
    assert.deepEqual(sent.rejected, []);
    assert.match(sent.response, /^250 2\.0\.0 /);
    // one recipient of two is refused: the other gets it
    const half = await transport.sendMail({
        from: user,
        to: [...to, 'nobody@example.test'],
        subject: 'half ' + security,
        text: 'x'
    });
    assert.deepEqual(half.rejected, ['nobody@example.test']);
    assert.equal(half.rejectedErrors[0].responseCode, 550);
    // a sender that is not the user's own
    await assert.rejects(transport.sendMail({ from: to[0], to, subject: 'forged', text: 'x' }), { responseCode: 550 });
    transport.close();
    console.log('done');
}

submit().catch(fault => {
    console.error(fault);
    process.exit(1);
});
