export const GATE_PATH = '/api/v1/enforcement/gate/terraform';

/** Makes whole gate requests: each with a key, a resource and hence a hold of its own; tenants take turns. */
export const gateRequests = ({ host, port, run, tokens }) => {
  let made = 0;
  const heads = tokens.map(
    (token) =>
      `POST ${GATE_PATH} HTTP/1.1\r\nhost: ${host}:${port}\r\nauthorization: Bearer ${token}\r\n` +
      'content-type: application/json\r\n',
  );
  return () => {
    const number = made;
    made += 1;
    const tenant = number % tokens.length;
    const body = JSON.stringify({
      action: 'terraform.apply',
      resource_reference: `module.bench.${run}-${number}`,
      project_id: 'bench',
      environment: 'prod',
      estimated_monthly_delta_usd: '0.25',
      metadata: { team: 'platform', run },
    });
    const head = `${heads[tenant]}idempotency-key: ${run}-${number}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`;
    return { tenant, bytes: Buffer.from(head + body) };
  };
};

const ENTRY = '"entry":{';

/** What a verdict says of itself; undefined when the body is not a verdict with its entry. */
export const readVerdict = (body) => {
  const text = body.toString('utf8');
  const from = text.indexOf(ENTRY);
  if (from === -1) return undefined;
  const { revision, leaf_hash: leafHash } = JSON.parse(
    text.slice(from + ENTRY.length - 1, text.indexOf('}', from) + 1),
  );
  const isWanted = text.includes('"decision":"ALLOW"') && text.includes('"reservation_active":true');
  return { revision, leafHash, isWanted };
};
