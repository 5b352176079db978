import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const TESTS = [
  '**/*.{spec,property,contract,replay,int,e2e}.ts',
  'test/**/*.ts',
  'libs/testkit/src/**/*.ts',
  'libs/*/src/testing/**/*.ts',
];

const no = (selector, message) => ({ selector, message });

/** Holds everywhere. A later block replaces `no-restricted-syntax`, so each block repeats the lists it needs. */
const SHAPES = [
  no('TSEnumDeclaration', 'Use a union of literals.'),
  no('ExportAllDeclaration[exportKind="value"]', 'Name what is exported.'),
  no('ExportAllDeclaration[exportKind="type"]', 'Name what is exported.'),
  no('ExportDefaultDeclaration', 'Use a named export.'),
  no('CallExpression[callee.name="forwardRef"]', 'A cycle needs another design.'),
];
/** A cast is allowed where a value was just checked: parsers and brand makers say so with a disable comment or by file. */
const CASTS = [
  no(
    'TSAsExpression:not([typeAnnotation.type="TSTypeReference"][typeAnnotation.typeName.name="const"])',
    'Check the value instead of casting it.',
  ),
  no('TSTypeAssertion', 'Check the value instead of casting it.'),
];
const IMPURE = [
  no('Identifier[name="process"]', 'Pure code has no process.'),
  no('CallExpression[callee.name="fetch"]', 'Pure code has no I/O.'),
  no('Identifier[name="console"]', 'Pure code prints nothing.'),
  no('Identifier[name="crypto"]', 'Hashing is passed in or lives in its own file.'),
  no(
    'CallExpression[callee.name=/^(setTimeout|setInterval|setImmediate|queueMicrotask)$/]',
    'Pure code has no timers.',
  ),
  no('MemberExpression[object.name="Date"][property.name="now"]', 'Time is a member of the command.'),
  no('NewExpression[callee.name="Date"][arguments.length=0]', 'Time is a member of the command.'),
  no('MemberExpression[object.name="Math"][property.name="random"]', 'Randomness is a member of the command.'),
  no('MemberExpression[object.name="performance"]', 'Time is a member of the command.'),
];
const ASYNC = [
  no(':function[async=true]', 'A decider is synchronous.'),
  no('AwaitExpression', 'A decider is synchronous.'),
  no('ForOfStatement[await=true]', 'A decider is synchronous.'),
];
/** EventStoreDB compares ids for ever with an exact revision only; else a repeated append may store its batch twice. */
const EXACT_REVISIONS = [
  no('ImportSpecifier[imported.name=/^(ANY|STREAM_EXISTS)$/]', 'Name the exact revision.'),
  no('MemberExpression[property.name=/^(ANY|STREAM_EXISTS)$/]', 'Name the exact revision.'),
  no('Property[key.name="expectedRevision"] Literal[value=/^(any|stream_exists)$/]', 'Name the exact revision.'),
  no('CallExpression[callee.property.name="appendToStream"][arguments.length<3]', 'Without a revision it means ANY.'),
  no(
    'CallExpression[callee.property.name="appendToStream"] > ObjectExpression:not(:has(> Property[key.name="expectedRevision"]))',
    'Without a revision it means ANY.',
  ),
  no('CallExpression[callee.property.name="setStreamMetadata"]', 'Append the metadata at their exact revision.'),
  no('CallExpression[callee.property.name=/^(deleteStream|tombstoneStream)$/]', 'Nothing changes history.'),
];

/** Files whose job is to make a branded or parsed value from an unknown one. */
const PARSERS = [
  '**/*parser.ts',
  '**/*codec.ts',
  '**/*.reader.ts',
  '**/brand.ts',
  '**/brands.ts',
  '**/money.ts',
  'libs/contracts/src/**/*.ts',
  'libs/ledger/src/**/*.ts',
  'libs/adapter-*/src/**/*.ts',
  'libs/nest-kit/src/auth/claims.ts',
];

/** In `domain`: what makes branded values and exact numbers, and the readers of foreign documents. */
const BRAND_MAKERS = [
  'libs/domain/src/shared/*.ts',
  'libs/domain/src/**/exact.ts',
  'libs/domain/src/**/*parser.ts',
  'libs/domain/src/**/*codec.ts',
  'libs/domain/src/**/*.reader.ts',
];

export default defineConfig(
  globalIgnores([
    '**/dist/',
    '**/node_modules/',
    '**/coverage/',
    '**/.verdict/',
    'docs/generated/',
    'test/architecture/planted/',
    'test/replay/**/*.json',
  ]),
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-extraneous-class': [
        'error',
        { allowWithDecorator: true, allowConstructorOnly: true, allowStaticOnly: false },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // Overflows its stack on recursive types such as `Json`, and takes option bags typed as classes for mistakes.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      complexity: ['error', 10],
      'max-params': ['error', 4],
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 50, skipBlankLines: true, skipComments: true }],
      'no-console': 'error',
      eqeqeq: 'error',
      'no-restricted-syntax': ['error', ...SHAPES, ...CASTS],
    },
  },
  {
    // The provider of a wire shape reads its parameters by position: Nest's constructors and handlers inject more.
    files: ['apps/**/*.controller.ts', 'apps/**/*.module.ts', 'libs/nest-kit/**/*.controller.ts'],
    rules: { 'max-params': ['error', 6] },
  },
  { files: PARSERS, rules: { 'no-restricted-syntax': ['error', ...SHAPES] } },
  {
    files: ['libs/adapter-eventstoredb/src/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', ...SHAPES, ...EXACT_REVISIONS] },
  },
  { files: ['libs/ledger/src/**/*.ts'], rules: { 'no-restricted-syntax': ['error', ...SHAPES, ...IMPURE] } },
  {
    files: ['libs/domain/src/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', ...SHAPES, ...CASTS, ...IMPURE, ...ASYNC] },
  },
  {
    files: BRAND_MAKERS,
    rules: { 'no-restricted-syntax': ['error', ...SHAPES, ...IMPURE, ...ASYNC] },
  },
  {
    // The one place of each pure lib that hashes.
    files: ['libs/domain/src/shared/sha256.ts', 'libs/ledger/src/hash.ts'],
    rules: { 'no-restricted-syntax': ['error', ...SHAPES, ...ASYNC] },
  },
  {
    files: TESTS,
    rules: {
      'max-lines': 'off',
      'max-lines-per-function': 'off',
      'max-params': 'off',
      complexity: 'off',
      'no-restricted-syntax': ['error', ...SHAPES],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
    },
  },
  {
    files: ['**/*.{js,mjs,cjs}'],
    rules: { 'no-undef': 'off', 'no-unused-vars': 'error', eqeqeq: 'error', complexity: ['error', 12] },
  },
);
