/**
 * Lints snippets as if they stood in the named file, with the project's own restrictions of syntax and without types, in
 * a process of its own, since the tool cannot be loaded inside the test runner. Prints one JSON line per snippet: what
 * it was told.
 */
import { fileURLToPath } from 'node:url';
import { ESLint, Linter } from 'eslint';
import tseslint from 'typescript-eslint';

const RULE = 'no-restricted-syntax';
const [file, ...snippets] = process.argv.slice(2);
const { rules } = await new ESLint({ cwd: fileURLToPath(new URL('../../', import.meta.url)) }).calculateConfigForFile(
  file,
);
const config = { languageOptions: { parser: tseslint.parser }, rules: { [RULE]: rules[RULE] } };
const linter = new Linter();
for (const snippet of snippets)
  console.log(JSON.stringify(linter.verify(snippet, config).map(({ message }) => message)));
