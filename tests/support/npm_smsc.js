// An SMSC that is not ours: npm's package `smpp` as a server. One JSON line on stdout for all that happens.
//
// node npm_smsc.js FOLDER_WITH_NODE_MODULES SYSTEM_ID PASSWORD [CERTIFICATE KEY AUTHORITY]
// node npm_smsc.js FOLDER_WITH_NODE_MODULES SYSTEM_ID PASSWORD --call PORT
//
// With files it speaks TLS and takes no client without a certificate of that authority; with --call it does not listen
// but calls a client there and says outbind. The receipt's word follows from the number: ...01 UNDELIV, ...02 the
// session is cut before the receipt (which comes over the next one), ...03 refused with ESME_RINVDSTADR, ...04 no
// receipt, but query_sm says DELIVERED; any other DELIVRD.
'use strict';

const fs = require('fs');
const [folder, systemId, password, ...more] = process.argv.slice(2);
const smpp = require(require.resolve('smpp', { paths: [folder] }));
const waiting = [];
const receivers = [];
const delivered = 2;
const states = new Map();
let serial = 0;

function say(event) {
    process.stdout.write(JSON.stringify(event) + '\n');
}

function receiptFor(id, pdu, stat) {
    const text = `id:${id} sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 stat:${stat} err:000 text:Hola`;
    const receipt = { esm_class: 4, source_addr: pdu.destination_addr, destination_addr: pdu.source_addr, short_message: text };
    if (pdu.user_message_reference !== undefined) receipt.user_message_reference = pdu.user_message_reference;
    return receipt;
}

function deliver(receipt) {
    const session = receivers[0];
    const sent = session && session.deliver_sm(receipt, (answer) => say({ event: 'receipt answered', status: answer.command_status }));
    if (!sent) waiting.push(receipt);
}

function textOf(content) {
    if (content === undefined) return '';
    return content.message === undefined ? String(content) : String(content.message);
}

function headerOf(content) {
    const elements = (content && content.udh) || [];
    return elements.map((element) => Buffer.from(element).toString('hex'));
}

function submitted(session, pdu) {
    const number = pdu.destination_addr;
    const short = textOf(pdu.short_message);
    const content = short ? pdu.short_message : pdu.message_payload || pdu.short_message;
    const id = (++serial).toString(16).toUpperCase().padStart(8, '0');
    say({
        event: 'submit', command: pdu.command, id, number, source: pdu.source_addr, text: textOf(content),
        coding: pdu.data_coding, receipt: pdu.registered_delivery, header: headerOf(content), in_payload: !short,
        sar: pdu.sar_msg_ref_num === undefined ? null : [pdu.sar_msg_ref_num, pdu.sar_total_segments, pdu.sar_segment_seqnum],
        priority: pdu.priority_flag, validity: pdu.validity_period, echo: pdu.user_message_reference,
        lifetime: pdu.qos_time_to_live, ton: pdu.source_addr_ton, npi: pdu.source_addr_npi, service: pdu.service_type,
    });
    if (number.endsWith('03')) {
        session.send(pdu.response({ command_status: smpp.ESME_RINVDSTADR }));
        return;
    }
    session.send(pdu.response({ message_id: id }));
    if (number.endsWith('04')) {
        states.set(id, delivered);
        return;
    }
    const receipt = receiptFor(id, pdu, number.endsWith('01') ? 'UNDELIV' : 'DELIVRD');
    if (number.endsWith('02')) {
        waiting.push(receipt);
        session.close();
        return;
    }
    deliver(receipt);
}

function queried(session, pdu) {
    say({ event: 'query', id: pdu.message_id, source: pdu.source_addr });
    if (states.has(pdu.message_id)) {
        session.send(pdu.response({ message_id: pdu.message_id, message_state: states.get(pdu.message_id) }));
    } else {
        session.send(pdu.response({ command_status: smpp.ESME_RQUERYFAIL }));
    }
}

function bound(session, pdu, receives) {
    const welcome = pdu.system_id === systemId && pdu.password === password;
    say({ event: 'bind', command: pdu.command, welcome });
    if (!welcome) {
        session.send(pdu.response({ command_status: smpp.ESME_RINVPASWD }));
        session.close();
        return;
    }
    session.send(pdu.response({ system_id: 'npm' }));
    if (!receives) return;
    receivers.push(session);
    while (waiting.length && receivers.length) deliver(waiting.shift());
}

function serve(session) {
    session.on('error', (error) => say({ event: 'error', text: String(error) }));
    session.on('close', () => {
        say({ event: 'closed' });
        if (receivers.includes(session)) receivers.splice(receivers.indexOf(session), 1);
    });
    session.on('bind_transceiver', (pdu) => bound(session, pdu, true));
    session.on('bind_transmitter', (pdu) => bound(session, pdu, false));
    session.on('bind_receiver', (pdu) => bound(session, pdu, true));
    session.on('submit_sm', (pdu) => submitted(session, pdu));
    session.on('data_sm', (pdu) => submitted(session, pdu));
    session.on('query_sm', (pdu) => queried(session, pdu));
    session.on('enquire_link', (pdu) => session.send(pdu.response()));
    session.on('unbind', (pdu) => {
        say({ event: 'unbind' });
        session.send(pdu.response());
        session.close();
    });
}

if (more[0] === '--call') {
    const session = smpp.connect({ host: '127.0.0.1', port: Number(more[1]) }, () => {
        session.outbind({ system_id: 'npm', password: 'call' });
        say({ event: 'called' });
        waiting.push(receiptFor('CALLED', { destination_addr: '34600000009', source_addr: 'Palomar' }, 'DELIVRD'));
    });
    serve(session);
} else {
    const [cert, key, ca] = more.map((file) => fs.readFileSync(file));
    const options = cert ? { cert, key, ca, requestCert: true, rejectUnauthorized: true } : {};
    const server = smpp.createServer(options, serve);
    server.on('tlsClientError', (error) => say({ event: 'tls refused', text: String(error) }));
    server.listen(0, '127.0.0.1', () => say({ event: 'listening', port: server.address().port }));
}
