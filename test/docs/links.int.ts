import { describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { REPOSITORY } from '../support/e2e/processes.js';

const LEFT_OUT = /(^|\/)(node_modules|dist|coverage|\.[^/]+)(\/|$)/;

const pagesIn = async (folder: string): Promise<readonly string[]> => {
  const entries = await readdir(join(REPOSITORY, folder), { withFileTypes: true });
  const found = entries.map(async (entry) => {
    const path = join(folder, entry.name);
    if (LEFT_OUT.test(path)) return [];
    if (entry.isDirectory()) return pagesIn(path);
    return path.endsWith('.md') ? [path] : [];
  });
  return (await Promise.all(found)).flat();
};

const textOf = (page: string): string => readFileSync(join(REPOSITORY, page), 'utf8');
/** As GitHub names a heading: lower case, words joined by hyphens, without marks. */
const anchorsOf = (page: string): readonly string[] =>
  [...textOf(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  );
const linksOf = (page: string): readonly string[] =>
  [
    ...textOf(page)
      .replace(/```.*?```/gs, '')
      .matchAll(/\]\(([^)\s]+)\)/g),
  ]
    .map(([, link = '']) => link)
    .filter((link) => !/^[a-z]+:/.test(link));

const isThere = (page: string, link: string): boolean => {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : normalize(join(dirname(page), path));
  if (!existsSync(join(REPOSITORY, target))) return false;
  return anchor === undefined || !target.endsWith('.md') || anchorsOf(target).includes(anchor);
};

describe('the pages', () => {
  it('link to what there is, down to the heading', async () => {
    const pages = await pagesIn('.');
    const links = pages.flatMap((page) => linksOf(page).map((link) => ({ page, link })));
    expect(links.length).toBeGreaterThan(100);
    expect(links.filter(({ page, link }) => !isThere(page, link))).toEqual([]);
  });
});
