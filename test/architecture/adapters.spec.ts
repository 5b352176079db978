import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { ROOT } from './cruise.js';

const filesIn = (folder: string): readonly string[] =>
  readdirSync(`${ROOT}${folder}`, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.includes('node_modules') && !file.includes('dist/'))
    .map((file) => `${folder}/${file}`);
const textOf = (file: string): string => readFileSync(`${ROOT}${file}`, 'utf8');

const pascalCase = (kebab: string): string =>
  kebab.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** A port is the interface that its file is named after; what else is in the file are values that it hands out. */
const portNames = (): readonly string[] =>
  filesIn('libs/application/src/ports').flatMap((file) => {
    const name = pascalCase(/([^/]+)\.ts$/.exec(file)?.[1] ?? '');
    return new RegExp(`^export interface ${name} \\{`, 'm').test(textOf(file)) ? [name] : [];
  });

const implementsPort = (text: string, port: string): boolean =>
  new RegExp(`\\bimplements [^{]*\\b${port}\\b|\\): (?:Promise<)?${port}\\b`).test(text);
const isTest = (file: string): boolean => /\.(spec|property|contract|replay|int|e2e)\.ts$/.test(file);
const adapters = readdirSync(`${ROOT}libs`).filter((name) => name.startsWith('adapter-'));

/** Ports of each adapter that no contract file of that adapter opens a suite for. */
const withoutSuite = (files: readonly string[], ports: readonly string[]): readonly string[] => {
  const sources = files.filter((file) => !isTest(file)).map(textOf);
  const suites = files.filter((file) => file.endsWith('.contract.ts')).map(textOf);
  return ports.filter(
    (port) =>
      sources.some((text) => implementsPort(text, port)) &&
      !suites.some((text) => new RegExp(`\\bdescribe${port}\\(`).test(text)),
  );
};

describe('each adapter of a port', () => {
  it('is measured against the ports of the application', () => {
    expect(portNames()).toContain('Journals');
    expect(implementsPort('export class MemoryJournals implements Journals {', 'Journals')).toBe(true);
    expect(implementsPort('export const open = (url: string): Promise<Journals> =>', 'Journals')).toBe(true);
    expect(implementsPort('const x: Journals = y', 'Journals')).toBe(false);
  });

  it.each(adapters)('%s runs the contract suite of every port it implements', (adapter) => {
    expect(withoutSuite(filesIn(`libs/${adapter}/src`), portNames())).toEqual([]);
  });
});
