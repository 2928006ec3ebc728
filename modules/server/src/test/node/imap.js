// imapflow, as somebody's mail program would use it. Run by NodeClientsTest: imap.js CA PORT implicit|starttls USER PASSWORD
const assert = require('node:assert/strict');
const fs = require('node:fs');
const { ImapFlow } = require('imapflow');

const [ca, port, security, user, pass] = process.argv.slice(2);

function client() {
    return new ImapFlow({
        host: 'localhost',
        port: Number(port),
        secure: security === 'implicit',
        doSTARTTLS: security === 'implicit' ? undefined : true,
        tls: { ca: fs.readFileSync(ca), rejectUnauthorized: true },
        auth: { user, pass },
        logger: false
    });
}

function message(subject, body) {
    return [
        'From: =?UTF-8?Q?Alice_M=C3=BCller?= <alice@example.test>',
        'To: ' + user,
        'Subject: ' + subject,
        'Date: Mon, 2 Nov 2026 09:10:11 +0100',
        'Message-ID: <' + subject + '@example.test>',
        'MIME-Version: 1.0',
        'Content-Type: multipart/mixed; boundary=b',
        '',
        '--b',
        'Content-Type: text/plain; charset=utf-8',
        'Content-Transfer-Encoding: 8bit',
        '',
        body,
        '--b',
        'Content-Type: application/octet-stream',
        'Content-Disposition: attachment; filename=zeros.bin',
        'Content-Transfer-Encoding: base64',
        '',
        Buffer.alloc(3000).toString('base64').replace(/.{76}/g, '$&\r\n'),
        '--b--',
        ''
    ].join('\r\n');
}

async function collect(iterator) {
    const all = [];
    for await (const one of iterator) {
        all.push(one);
    }
    return all;
}

async function session() {
    const folder = 'Räume ' + security;
    const alice = client();
    await alice.connect();
    assert.ok(alice.secureConnection);
    assert.ok(alice.enabled.has('IMAP4REV2'), 'IMAP4rev2 was not enabled: ' + [...alice.enabled]);

    // list, with names in UTF-8 on the wire and the numbers of LIST-STATUS
    await alice.mailboxCreate(folder);
    const listed = await alice.list({ statusQuery: { messages: true, unseen: true, uidNext: true } });
    assert.equal(listed.find(box => box.path === folder).status.messages, 0);
    assert.equal(listed.find(box => box.path === 'INBOX').specialUse, '\\Inbox');
    for (const use of ['\\Sent', '\\Drafts', '\\Trash', '\\Junk', '\\Archive']) {
        assert.ok(listed.some(box => box.specialUse === use), use);
    }

    // append
    const one = message('one', 'Grüße aus Köln');
    const first = await alice.append(folder, one, ['\\Seen', '$Important'], new Date('2026-11-02T08:10:11Z'));
    assert.equal(first.uid, 1);
    await alice.append(folder, message('two', 'nothing in particular'));
    await alice.append(folder, message('three', 'Grüße aus Bonn'), ['\\Draft']);

    const lock = await alice.getMailboxLock(folder);
    try {
        assert.equal(alice.mailbox.exists, 3);
        assert.equal(alice.mailbox.uidNext, 4);

        // fetch
        const [fetched] = await collect(alice.fetch('1', {
            uid: true,
            flags: true,
            envelope: true,
            bodyStructure: true,
            internalDate: true,
            size: true,
            source: true,
            headers: ['subject'],
            bodyParts: ['1', '2']
        }));
        assert.deepEqual(fetched.flags, new Set(['\\Seen', '$Important']));
        assert.equal(fetched.envelope.from[0].name, 'Alice Müller');
        assert.equal(fetched.envelope.messageId, '<one@example.test>');
        assert.equal(fetched.internalDate.toISOString(), '2026-11-02T08:10:11.000Z');
        assert.equal(fetched.source.toString(), one);
        assert.equal(fetched.size, Buffer.byteLength(one));
        assert.equal(fetched.headers.toString().trim(), 'Subject: one');
        assert.equal(fetched.bodyParts.get('1').toString(), 'Grüße aus Köln');
        assert.deepEqual(
            fetched.bodyStructure.childNodes.map(part => part.type),
            ['text/plain', 'application/octet-stream']
        );
        const download = await alice.download('1', '2', { uid: true });
        assert.equal(download.meta.filename, 'zeros.bin');
        assert.deepEqual(Buffer.concat(await collect(download.content)), Buffer.alloc(3000));

        // search
        assert.deepEqual(await alice.search({ body: 'Grüße' }, { uid: true }), [1, 3]);
        assert.deepEqual(await alice.search({ subject: 'two', seen: false }, { uid: true }), [2]);
        assert.deepEqual(await alice.search({ or: [{ draft: true }, { keyword: '$Important' }] }, { uid: true }), [1, 3]);
        assert.deepEqual(await alice.search({ subject: 'four' }, { uid: true }), []);

        // flags
        assert.ok(await alice.messageFlagsAdd('2:3', ['\\Flagged', 'Etikett'], { uid: true }));
        assert.ok(await alice.messageFlagsRemove('3', ['\\Draft'], { uid: true }));
        assert.deepEqual(
            (await collect(alice.fetch('2:3', { flags: true }, { uid: true }))).map(each => [...each.flags].sort()),
            [['Etikett', '\\Flagged'], ['Etikett', '\\Flagged']]
        );

        // copy and move
        const copied = await alice.messageCopy('1', 'Archive', { uid: true });
        assert.ok(copied.uidMap.get(1) > 0);
        const moved = await alice.messageMove('2', 'Trash', { uid: true });
        assert.ok(moved.uidMap.get(2) > 0);
        assert.deepEqual(await alice.search({ all: true }, { uid: true }), [1, 3]);

        // delete
        assert.ok(await alice.messageDelete('3', { uid: true }));
        assert.equal(alice.mailbox.exists, 1);
    } finally {
        lock.release();
    }

    // IDLE sees what another session brings, and what it takes away
    await alice.mailboxOpen(folder);
    const arrived = new Promise(resolve => alice.once('exists', resolve));
    const gone = new Promise(resolve => alice.once('expunge', resolve));
    const idling = alice.idle();
    const other = client();
    await other.connect();
    await other.append(folder, message('while you wait', 'x'));
    assert.equal((await arrived).count, 2);
    await other.mailboxOpen(folder);
    await other.messageDelete('1', { uid: true });
    assert.equal((await gone).seq, 1);
    await other.logout();
    assert.equal((await alice.status(folder, { messages: true, size: true })).messages, 1);
    await idling;

    await alice.mailboxRename(folder, folder + ' 2');
    await alice.mailboxDelete(folder + ' 2');
    const quota = await alice.getQuota('INBOX');
    assert.ok(quota);
    await alice.logout();
    console.log('done');
}

session().catch(fault => {
    console.error(fault);
    process.exit(1);
});
