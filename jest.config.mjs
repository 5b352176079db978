/** One runner for every tier; a tier is a file suffix. ESM throughout, compiled by swc. */
export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  testMatch: ['<rootDir>/{apps,libs,test,tools}/**/*.@(spec|property|contract|replay|int|e2e).ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/planted/'],
  modulePathIgnorePatterns: ['/dist/'],
  setupFiles: ['reflect-metadata'],
  testTimeout: 180_000,
  testSequencer: '<rootDir>/test/support/sequence/test-sequencer.mjs',
  globalTeardown: '<rootDir>/test/support/jest-global-teardown.mjs',
  moduleNameMapper: {
    '^@verdict/app-([^/]+)/module$': '<rootDir>/apps/$1/src/$1.module.ts',
    '^@verdict/([^/]+)$': '<rootDir>/libs/$1/src/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          target: 'es2023',
        },
        module: { type: 'es6' },
        sourceMaps: true, // In a file of their own: inline they are half of what every suite reads and compiles.
      },
    ],
  },
};
