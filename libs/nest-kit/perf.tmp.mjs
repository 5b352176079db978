import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { createHttpApp, Endpoint, RawBody, Caller, listenHttpApp, createLogger } from '@verdict/nest-kit';
import { generateKeyPair, exportJWK, SignJWT } from 'jose';
import { openSync } from 'node:fs';
const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true });
const jwk = { ...(await exportJWK(publicKey)), kid: 'k', alg: 'EdDSA', use: 'sig' };
const token = await new SignJWT({ iss: 'i', aud: 'verdict', sub: 'ann', tenant_id: 'acme', roles: ['member'], exp: Math.floor(Date.now()/1000)+3600 }).setProtectedHeader({ alg: 'EdDSA', kid: 'k' }).sign(privateKey);
class C { gate(body, caller) { return { decision: 'ALLOW', bytes: body.length, tenant: caller.tenantId }; } }
Controller()(C);
RawBody()(C.prototype, 'gate', 0); Caller()(C.prototype, 'gate', 1);
Endpoint({ id: 'g', method: 'POST', path: '/gate', roles: ['member'], status: 200, response: null, problems: [], summary: '', tag: '' })(C.prototype, 'gate', Object.getOwnPropertyDescriptor(C.prototype, 'gate'));
class M {} Module({ controllers: [C] })(M);
const app = await createHttpApp({ service: 'perf', module: M, config: { AUTH_ISSUERS: [{ issuer: 'i', audience: 'verdict', tenantClaim: 'tenant_id', jwks: { keys: [jwk] } }], LOG_LEVEL: process.env.LOG_LEVEL ?? 'info', METRIC_PREFIX: 'p_', METRIC_ALIAS_PREFIXES: [] } });
const url = await listenHttpApp(app, '127.0.0.1', 3456);
process.stderr.write(token + '\n');
let c0; process.on('SIGUSR2', () => { const c = process.cpuUsage(); process.stderr.write(`cpu ${c.user + c.system}\n`); });
