// An SMSC that is not ours: npm's package `smpp` as a server. One JSON line on stdout for all that happens.
//
// node npm_smsc.js FOLDER_WITH_NODE_MODULES SYSTEM_ID PASSWORD
//
// The receipt's word follows from the number: ...01 UNDELIV, ...02 the session is cut before the receipt (which comes
// over the next one), ...03 refused with ESME_RINVDSTADR; any other DELIVRD.
'use strict';

const [folder, systemId, password] = process.argv.slice(2);
const smpp = require(require.resolve('smpp', { paths: [folder] }));
const waiting = [];
let serial = 0;

function say(event) {
    process.stdout.write(JSON.stringify(event) + '\n');
}

function receiptFor(id, pdu, stat) {
    const text = `id:${id} sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 stat:${stat} err:000 text:Hola`;
    return { esm_class: 4, source_addr: pdu.destination_addr, destination_addr: pdu.source_addr, short_message: text };
}

function deliver(session, receipt) {
    const sent = session.deliver_sm(receipt, (answer) => say({ event: 'receipt answered', status: answer.command_status }));
    if (!sent) waiting.push(receipt);
}

function submitted(session, pdu) {
    const number = pdu.destination_addr;
    const content = pdu.short_message;
    const id = (++serial).toString(16).toUpperCase().padStart(8, '0');
    const text = content.message === undefined ? String(content) : String(content.message);
    say({ event: 'submit', id, number, source: pdu.source_addr, text, coding: pdu.data_coding, receipt: pdu.registered_delivery });
    if (number.endsWith('03')) {
        session.send(pdu.response({ command_status: smpp.ESME_RINVDSTADR }));
        return;
    }
    session.send(pdu.response({ message_id: id }));
    const receipt = receiptFor(id, pdu, number.endsWith('01') ? 'UNDELIV' : 'DELIVRD');
    if (number.endsWith('02')) {
        waiting.push(receipt);
        session.close();
        return;
    }
    deliver(session, receipt);
}

const server = smpp.createServer((session) => {
    session.on('error', (error) => say({ event: 'error', text: String(error) }));
    session.on('close', () => say({ event: 'closed' }));
    session.on('bind_transceiver', (pdu) => {
        const welcome = pdu.system_id === systemId && pdu.password === password;
        say({ event: 'bind', welcome });
        if (!welcome) {
            session.send(pdu.response({ command_status: smpp.ESME_RINVPASWD }));
            session.close();
            return;
        }
        session.send(pdu.response({ system_id: 'npm' }));
        while (waiting.length) deliver(session, waiting.shift());
    });
    session.on('submit_sm', (pdu) => submitted(session, pdu));
    session.on('enquire_link', (pdu) => session.send(pdu.response()));
    session.on('unbind', (pdu) => {
        say({ event: 'unbind' });
        session.send(pdu.response());
        session.close();
    });
});
server.listen(0, '127.0.0.1', () => say({ event: 'listening', port: server.address().port }));
