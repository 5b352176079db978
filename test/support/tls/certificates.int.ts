import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { makeAuthority } from './certificates.js';

const authority = makeAuthority();

const ask = (port: number, options: object): Promise<string> =>
  new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, agent: false, ...options }, (response) => {
      response.resume().on('end', () => {
        resolve(String(response.headers['x-peer']));
      });
    });
    sent.on('error', reject).end();
  });

describe('certificates made for tests', () => {
  it('prove a server by name and by address, and a client, to whoever trusts the authority, and to nobody else', async () => {
    const server = createServer(
      {
        ...authority.issue(['localhost', '127.0.0.1']),
        ca: authority.cert,
        requestCert: true,
        rejectUnauthorized: false,
      },
      (incoming, response) => {
        const socket = incoming.socket as TLSSocket;
        response.setHeader(
          'x-peer',
          `${String(socket.authorized)} ${String(socket.getPeerCertificate().subjectaltname)}`,
        );
        response.end();
      },
    );
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const ca = authority.cert;
    expect(await ask(port, { ca, servername: 'localhost', ...authority.issue(['api-server']) })).toBe(
      'true DNS:api-server',
    );
    expect(await ask(port, { ca })).toMatch(/^false/);
    await expect(ask(port, { ca, servername: 'other.test' })).rejects.toThrow(/other\.test/);
    await expect(ask(port, {})).rejects.toThrow();
    await expect(ask(port, { ca: makeAuthority().cert })).rejects.toThrow();
    server.closeAllConnections();
    server.close();
  });
});
