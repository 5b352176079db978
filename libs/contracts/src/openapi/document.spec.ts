import { describe, expect, it } from '@jest/globals';
import { PROBLEMS, type ProblemCode } from '@verdict/nest-kit';
import { z } from 'zod';
import type { RouteContract } from '../http/routes/route-contract.js';
import { ROUTES } from '../http/routes.js';
import { openApiDocument } from './document.js';
import { type JsonSchema, Schemas } from './schemas.js';

interface Node {
  readonly pointer: string;
  readonly value: JsonSchema;
}

const problems = {
  statusOf: (code: string) => PROBLEMS[code as ProblemCode].status,
  titleOf: (code: string) => PROBLEMS[code as ProblemCode].title,
};
const document = openApiDocument({ version: '1.2.3', problems });
const routes: readonly RouteContract[] = Object.values(ROUTES);

const isObject = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const nodesOf = (value: unknown, pointer = '#'): readonly Node[] => {
  if (Array.isArray(value)) return value.flatMap((each, index) => nodesOf(each, `${pointer}/${index}`));
  if (!isObject(value)) return [];
  const inner = Object.entries(value).flatMap(([key, each]) =>
    nodesOf(each, `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`),
  );
  return [{ pointer, value }, ...inner];
};

const resolve = (reference: string): unknown =>
  reference
    .slice(2)
    .split('/')
    .reduce<unknown>(
      (at, step) => (isObject(at) ? at[step.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined),
      document,
    );

const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);
const parametersOf = (operation: JsonSchema): readonly JsonSchema[] =>
  (operation['parameters'] as readonly JsonSchema[]).map((each) =>
    typeof each['$ref'] === 'string' ? (resolve(each['$ref']) as JsonSchema) : each,
  );

/** Every JSON schema of the document, from where OpenAPI says that one stands. */
const schemasAt = (value: unknown, pointer: string): readonly Node[] => {
  if (!isObject(value)) return [];
  const many = (name: string): readonly Node[] =>
    Object.entries(value[name] ?? {}).flatMap(([key, each]) => schemasAt(each, `${pointer}/${name}/${key}`));
  const one = (name: string): readonly Node[] => schemasAt(value[name], `${pointer}/${name}`);
  return [
    { pointer, value },
    ...['properties', 'anyOf', 'oneOf', 'allOf', 'prefixItems'].flatMap(many),
    ...['items', 'additionalProperties', 'propertyNames'].flatMap(one),
  ];
};
const schemas = [
  ...Object.entries(document.components['schemas'] ?? {}).flatMap(([id, each]) =>
    schemasAt(each, `#/components/schemas/${id}`),
  ),
  ...nodesOf(document)
    .filter(({ pointer }) => !pointer.startsWith('#/components/schemas/') && pointer.endsWith('/schema'))
    .flatMap(({ pointer, value }) => schemasAt(value, pointer)),
];
const TYPES = new Set(['null', 'boolean', 'object', 'array', 'number', 'integer', 'string']);
const says = ({ value }: Node): boolean =>
  ['type', '$ref', 'anyOf', 'oneOf', 'allOf', 'const', 'enum'].some((keyword) => keyword in value);
const isOpenPart = ({ pointer }: Node): boolean => pointer.endsWith('/additionalProperties');

describe('the OpenAPI document', () => {
  it('is OpenAPI 3.1 of this version, with every route and nothing else', () => {
    expect(document).toMatchObject({ openapi: '3.1.0', info: { title: 'Verdict', version: '1.2.3' } });
    expect(operations.map(({ operation }) => operation['operationId']).sort()).toEqual(
      routes.map(({ id }) => id).sort(),
    );
  });
  it('is plain JSON, and the same text each time', () => {
    const text = JSON.stringify(document);
    expect(JSON.parse(text)).toEqual(document);
    expect(JSON.stringify(openApiDocument({ version: '1.2.3', problems }))).toBe(text);
  });
  it('has only references that resolve', () => {
    const references = nodesOf(document).flatMap(({ value }) =>
      typeof value['$ref'] === 'string' ? [value['$ref']] : [],
    );
    expect(references.length).toBeGreaterThan(100);
    expect(references.filter((each) => !each.startsWith('#/components/') || resolve(each) === undefined)).toEqual([]);
  });
  it('uses every component', () => {
    const text = JSON.stringify(document);
    const unused = (kind: 'schemas' | 'parameters' | 'headers') =>
      Object.keys(document.components[kind] ?? {}).filter((name) => !text.includes(`"#/components/${kind}/${name}"`));
    expect([...unused('schemas'), ...unused('headers')]).toEqual([]);
    expect(unused('parameters')).toEqual([]);
  });
  it('names each operation once', () => {
    const ids = operations.map(({ operation }) => operation['operationId']);
    expect(new Set(ids).size).toBe(ids.length);
  });
  it('declares exactly the parameters that a path has', () => {
    for (const { path, operation } of operations) {
      const declared = parametersOf(operation).filter((each) => each['in'] === 'path');
      expect(declared.map((each) => each['name'])).toEqual([...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name));
      expect(declared.every((each) => each['required'] === true)).toBe(true);
    }
  });
  it('declares a parameter once in a place, with a schema', () => {
    for (const { operation } of operations) {
      const names = parametersOf(operation).map((each) => `${String(each['in'])} ${String(each['name'])}`);
      expect(new Set(names).size).toBe(names.length);
      expect(parametersOf(operation).every((each) => isObject(each['schema']))).toBe(true);
    }
  });
  it('asks for If-Match and offers Idempotency-Key where the route does', () => {
    const headersOf = (id: string) =>
      parametersOf(operations.find(({ operation }) => operation['operationId'] === id)?.operation ?? {})
        .filter((each) => each['in'] === 'header')
        .map((each) => `${String(each['name'])}${each['required'] === true ? '!' : ''}`);
    expect(headersOf('publishPolicy')).toEqual(['Idempotency-Key', 'If-Match!', 'X-Request-Id']);
    for (const { id, method, roles } of routes)
      expect([id, headersOf(id).includes('Verdict-Min-Entry')]).toEqual([id, method === 'GET' && roles !== 'public']);
    expect(headersOf('getDecision')).toEqual(['Verdict-Min-Entry', 'X-Request-Id']);
    expect(headersOf('jwks')).toEqual(['X-Request-Id']);
  });
});

describe('the JSON schemas of the document', () => {
  it('each say what they allow; only open objects hold anything', () => {
    expect(schemas.length).toBeGreaterThan(500);
    expect(schemas.filter((node) => !says(node) && !isOpenPart(node)).map(({ pointer }) => pointer)).toEqual([]);
  });
  it('use types, required members and patterns as JSON Schema 2020-12 defines them', () => {
    for (const { pointer, value } of schemas) {
      const types = [value['type'] ?? []].flat();
      expect([pointer, types.filter((type) => typeof type !== 'string' || !TYPES.has(type))]).toEqual([pointer, []]);
      const required = (value['required'] ?? []) as readonly string[];
      if (!('$ref' in value))
        expect(Object.keys(value['properties'] ?? {})).toEqual(expect.arrayContaining([...required]));
      if (typeof value['pattern'] === 'string') expect(() => new RegExp(value['pattern'] as string, 'u')).not.toThrow();
      expect(value).not.toHaveProperty('$schema');
      expect(value).not.toHaveProperty('$defs');
      expect(value).not.toHaveProperty('nullable');
    }
  });
  it('give every amount of money a type and a description', () => {
    const money = schemas.filter(({ pointer }) => /\/properties\/[a-z_]*_usd$/.test(pointer));
    expect(money.length).toBeGreaterThan(60);
    const told = ({ value }: Node): readonly JsonSchema[] =>
      Array.isArray(value['anyOf'])
        ? (value['anyOf'] as readonly JsonSchema[]).filter((each) => each['type'] !== 'null')
        : [value];
    const untold = money.filter(
      (node) => !told(node).every((each) => 'type' in each && 'description' in each && 'examples' in each),
    );
    expect(untold.map(({ pointer }) => pointer)).toEqual([]);
  });
  it('show what is sent, not what it is read into', () => {
    const gate = (document.components['schemas'] ?? {})['GateRequest'];
    expect(gate).toMatchObject({
      required: ['action', 'resource_reference'],
      properties: {
        estimated_monthly_delta_usd: { type: ['string', 'number'], examples: ['125.5'] },
        plan: { type: 'object' },
      },
    });
  });
  it('refuse two shapes under one id', () => {
    const made = new Schemas();
    made.of(z.strictObject({ a: z.string() }).meta({ id: 'SpecTwice' }), 'output');
    expect(() => made.add('SpecTwice', { type: 'string' })).toThrow('the schema id SpecTwice stands for two shapes');
  });
});

describe('the answers of the document', () => {
  const responsesOf = (id: keyof typeof ROUTES) =>
    operations.find(({ operation }) => operation['operationId'] === id)?.operation['responses'] as Readonly<
      Record<string, JsonSchema>
    >;
  const codesAt = (id: keyof typeof ROUTES, status: number): readonly string[] => {
    const found = nodesOf(responsesOf(id)[String(status)]).find(({ pointer }) => pointer.endsWith('/properties/code'));
    return (found?.value['enum'] ?? []) as readonly string[];
  };

  it('group the problems of a route by status, with the title of each code', () => {
    for (const { id, problems: codes } of routes) {
      for (const code of codes) expect(codesAt(id as keyof typeof ROUTES, problems.statusOf(code))).toContain(code);
    }
    expect(responsesOf('getDecision')['404']).toMatchObject({ description: '`not_found`: There is no such thing.' });
  });
  it('add what happens before a route: callers, bodies, queries', () => {
    expect(codesAt('createBudget', 401)).toEqual(['unauthenticated']);
    expect(codesAt('publishPolicy', 403)).toEqual(['forbidden', 'identity_not_mapped']);
    expect(codesAt('createBudget', 413)).toEqual(['body_too_large']);
    expect(codesAt('createBudget', 415)).toEqual(['media_type_unsupported']);
    expect(codesAt('listDecisions', 422)).toEqual(['validation_failed', 'unknown_field']);
    expect(Object.keys(responsesOf('jwks'))).toEqual(['200', '500']);
  });
  it('never let a gate answer 500', () => {
    expect(Object.keys(responsesOf('gateTerraform'))).not.toContain('500');
    expect(Object.keys(responsesOf('createBudget'))).toContain('500');
  });
  it('carry the media type of an answer that is not JSON', () => {
    expect(Object.keys(responsesOf('downloadExport')['200']?.['content'] ?? {})).toEqual(['application/zip']);
    expect(responsesOf('vkeys')['200']).toMatchObject({ content: { 'text/plain': { schema: { type: 'string' } } } });
  });
  it('need no token where the route is public or for webhooks, and one everywhere else', () => {
    expect(document.security).toEqual([{ bearer: [] }]);
    const open = operations
      .filter(({ operation }) => 'security' in operation)
      .map(({ operation }) => operation['operationId']);
    // Webhooks show a proof, run tasks are signed.
    expect(open.sort()).toEqual([
      'jwks',
      'reviewAdmission',
      'reviewAdmissionBySegment',
      'runTask',
      'runTaskOfIntegration',
      'vkeys',
    ]);
  });
});
