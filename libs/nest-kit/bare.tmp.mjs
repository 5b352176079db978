import fastify from 'fastify';
const f = fastify({ logger: false });
f.removeAllContentTypeParsers(); f.addContentTypeParser('application/json', { parseAs: 'buffer' }, (r, b, d) => d(null, b));
f.post('/gate', (req, rep) => { rep.send({ decision: 'ALLOW', bytes: req.body.length, tenant: 'acme' }); });
await f.listen({ port: 3456 }); process.stderr.write('eyJ\n');
process.on('SIGUSR2', () => { const c = process.cpuUsage(); process.stderr.write(`cpu ${c.user + c.system}\n`); });
