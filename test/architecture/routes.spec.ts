import { describe, expect, it } from '@jest/globals';
import { ROUTES } from '@verdict/contracts';
import { isProblemCode, ROLES, type RouteSpec } from '@verdict/nest-kit';

const routes: readonly RouteSpec[] = Object.values(ROUTES);

describe('each route of the API', () => {
  it.each(routes.map((route) => [route.id, route] as const))(
    '%s has roles of the closed list, or is public by intent',
    (_id, { roles }) => {
      if (roles === 'public') return;
      expect(roles.length).toBeGreaterThan(0);
      expect(roles.filter((role) => !ROLES.includes(role))).toEqual([]);
    },
  );

  it('answers with problems of the closed table only', () => {
    const unknown = routes.flatMap(({ id, problems }) =>
      problems.filter((code) => !isProblemCode(code)).map((code) => `${id}: ${code}`),
    );
    expect(unknown).toEqual([]);
  });

  it('has an id and an address of its own', () => {
    expect(new Set(routes.map(({ id }) => id)).size).toBe(routes.length);
    expect(new Set(routes.map(({ method, path }) => `${method} ${path}`)).size).toBe(routes.length);
  });

  it('needs a body no larger than 10 MiB', () => {
    expect(routes.filter(({ bodyBytesMax = 0 }) => bodyBytesMax > 10 * 1024 * 1024)).toEqual([]);
  });
});
