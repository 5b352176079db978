import type { RouteContract } from '../http/routes/route-contract.js';
import { ROUTES } from '../http/routes.js';
import { parametersOf, SHARED_HEADERS, sharedParameters } from './parameters.js';
import { PROBLEM_SCHEMA, problemResponses, type ProblemTable } from './problems.js';
import { type JsonSchema, Schemas } from './schemas.js';

export interface OpenApiOptions {
  /** Version of the release, as in `package.json`. */
  readonly version: string;
  readonly problems: ProblemTable;
}

/** An OpenAPI 3.1 document; plain JSON. */
export interface OpenApiDocument {
  openapi: string;
  info: { title: string; version: string; description: string; license: { name: string; identifier: string } };
  jsonSchemaDialect: string;
  servers: { url: string }[];
  tags: { name: string }[];
  security: Record<string, string[]>[];
  paths: Record<string, Record<string, JsonSchema>>;
  components: Record<string, Record<string, JsonSchema>>;
}

const ABOUT = [
  'Asks whether a change may go ahead, obtains approval, settles what it cost, and proves every step.',
  'Every verdict is an answer 200, whatever it says; errors are RFC 9457 problems with closed codes.',
  'A command may be repeated with its `Idempotency-Key`: it has one outcome.',
].join('\n');

const isNeeded = (body: NonNullable<RouteContract['body']>): boolean => !body.safeParse({}).success;

const bodyOf = ({ body, bodyBytesMax = 256 * 1024 }: RouteContract, schemas: Schemas): JsonSchema =>
  body === undefined
    ? {}
    : {
        requestBody: {
          description: `At most ${String(bodyBytesMax / 1024)} KiB`,
          required: isNeeded(body),
          content: { 'application/json': { schema: schemas.of(body, 'input') } },
        },
      };

const contentOf = ({ response, mediaType = 'application/json' }: RouteContract, schemas: Schemas): JsonSchema => {
  if (response !== null) return { [mediaType]: { schema: schemas.of(response, 'output') } };
  return { [mediaType]: mediaType.startsWith('text/') ? { schema: { type: 'string' } } : {} };
};

const answerOf = (route: RouteContract, schemas: Schemas): JsonSchema => ({
  [String(route.status)]: {
    description: route.summary,
    headers: { 'X-Request-Id': { $ref: '#/components/headers/RequestId' } },
    content: contentOf(route, schemas),
  },
});

const callersOf = ({ roles, scopes, webhook }: RouteContract): string => {
  if (webhook === true) return 'For webhooks: the proof of an integration takes the place of a token.';
  if (roles === 'public') return 'Open to everybody.';
  const needed = `Roles: ${roles.join(', ')}.`;
  return scopes === undefined ? needed : `${needed} A service needs the scope ${scopes.join(' or ')}.`;
};

const operationOf = (route: RouteContract, schemas: Schemas, problems: ProblemTable): JsonSchema => ({
  operationId: route.id,
  summary: route.summary,
  description: callersOf(route),
  tags: [route.tag],
  ...(route.roles === 'public' ? { security: [] } : {}),
  parameters: parametersOf(route, schemas),
  ...bodyOf(route, schemas),
  responses: { ...answerOf(route, schemas), ...problemResponses(route, problems) },
});

const pathsOf = (
  routes: readonly RouteContract[],
  schemas: Schemas,
  problems: ProblemTable,
): OpenApiDocument['paths'] => {
  const paths: Record<string, Record<string, JsonSchema>> = {};
  for (const route of routes) {
    const path = route.path.replace(/:([a-z_]+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route, schemas, problems) };
  }
  return paths;
};

/**
 * The OpenAPI document of the whole API, made from ROUTES and their zod schemas; nothing is written by hand twice.
 *
 * @param options version of the release, and the table of problem codes (status and title of each).
 * @returns plain JSON in a stable order: equal routes give equal bytes.
 * @throws Error when two schemas share an id, or a code is not in the table (from the table): bugs, found by its test.
 * @source OpenAPI 3.1.1; JSON Schema 2020-12; contract section 4
 */
export const openApiDocument = ({ version, problems }: OpenApiOptions): OpenApiDocument => {
  const routes: readonly RouteContract[] = Object.values(ROUTES);
  const schemas = new Schemas();
  schemas.add('Problem', PROBLEM_SCHEMA);
  const paths = pathsOf(routes, schemas, problems);
  const parameters = sharedParameters(schemas);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Verdict',
      version,
      description: ABOUT,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    servers: [{ url: '/' }],
    tags: [...new Set(routes.map(({ tag }) => tag))].map((name) => ({ name })),
    security: [{ bearer: [] }],
    paths,
    components: {
      schemas: schemas.all(),
      parameters,
      headers: SHARED_HEADERS,
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'JWT of a configured issuer' },
      },
    },
  };
};
