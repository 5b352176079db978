import { readFileSync } from 'node:fs';

const { scripts } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

/** What `npm start` gives to Node: what is measured is what is run. */
export const NODE_FLAGS = scripts.start.match(/ --[a-z-]+=\S+/g)?.map((flag) => flag.trim()) ?? [];
