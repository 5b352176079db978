import type { RouteOptions } from 'fastify';
import { BODY_BYTES_MAX, type RouteSpec } from './route-spec.js';

/** A route as registered. `roles` is null for the few that the kit serves by itself (documentation files). */
export interface RegisteredRoute {
  readonly method: string;
  readonly path: string;
  readonly spec: RouteSpec | null;
}

/** A route without roles would be open to everybody, so the application does not start with one. */
export class RouteWithoutRoles extends Error {
  override readonly name = 'RouteWithoutRoles';
}

const DOCUMENTATION = /^\/(?:docs(?:\/|$)|openapi\.json$)/;

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const matcherOf = (path: string): RegExp => {
  const segments = path.split('/').map((segment) => {
    if (segment.startsWith(':')) return '[^/]+';
    return segment === '*' ? '.*' : escaped(segment);
  });
  return new RegExp(`^${segments.join('/')}$`);
};
const ABSOLUTE = /^https?:\/\/[^/?#]*/i;
/** The path as the router reads it: it takes an absolute address (RFC 9112 3.2.2), and knows `%73` for `s`. */
const pathOf = (url: string): string => {
  const path = url.replace(ABSOLUTE, '').split(/[?#]/, 1)[0] ?? url;
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
};
const methodsOf = ({ method }: RouteOptions): readonly string[] =>
  (Array.isArray(method) ? method : [method]).map(String);

/** Every route of one application, as the router got it. */
export class RouteTable {
  private readonly routes: RegisteredRoute[] = [];
  /** `bodyBytesMax`: limits by route id that go before those of the routes. */
  constructor(private readonly bodyBytesMax: Readonly<Record<string, number>> = {}) {}

  private readonly methods = new Map<string, { readonly matcher: RegExp; readonly allowed: Set<string> }>();

  /** Fastify `onRoute` hook: refuses a route without roles and sets its body limit. */
  readonly onRoute = (route: RouteOptions): void => {
    const spec = route.config?.endpoint ?? null;
    if (spec === null && !DOCUMENTATION.test(route.url)) {
      throw new RouteWithoutRoles(`${methodsOf(route).join('|')} ${route.url} has no roles: declare it with @Endpoint`);
    }
    if (spec !== null && spec.roles.length === 0) {
      throw new RouteWithoutRoles(`${spec.id} has an empty list of roles`);
    }
    route.bodyLimit = this.bodyLimitOf(spec);
    for (const method of methodsOf(route)) this.add(method, route.url, spec);
  };

  list(): readonly RegisteredRoute[] {
    return this.routes;
  }

  /** Methods that the path of `url` answers to; empty when there is no such path. */
  methodsAt(url: string): readonly string[] {
    const path = pathOf(url);
    const found = new Set<string>();
    for (const { matcher, allowed } of this.methods.values()) {
      if (matcher.test(path)) for (const method of allowed) found.add(method);
    }
    return [...found].sort();
  }

  private bodyLimitOf(spec: RouteSpec | null): number {
    if (spec === null) return BODY_BYTES_MAX;
    return this.bodyBytesMax[spec.id] ?? spec.bodyBytesMax ?? BODY_BYTES_MAX;
  }

  private add(method: string, path: string, spec: RouteSpec | null): void {
    this.routes.push({ method, path, spec });
    const known = this.methods.get(path) ?? { matcher: matcherOf(path), allowed: new Set<string>() };
    known.allowed.add(method);
    this.methods.set(path, known);
  }
}
