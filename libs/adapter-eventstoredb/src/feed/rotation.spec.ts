import { describe, expect, it } from '@jest/globals';
import { Rotation } from './rotation.js';

const names = new Set(Array.from({ length: 100 }, (_, index) => `j-${String(index)}`));

describe('The rotation of polls', () => {
  it('comes to every journal, however many move meanwhile', () => {
    const rotation = new Rotation();
    const seen = new Set<string>();
    for (let poll = 0; poll < 20; poll += 1) {
      for (let hot = 0; hot < 40; hot += 1) rotation.moved(`j-${String(hot)}`);
      const chosen = rotation.choose(names, 20);
      expect(chosen).toHaveLength(20);
      for (const name of chosen) seen.add(name);
    }
    expect(seen).toEqual(names);
  });

  it('asks for new journals first, each of them', () => {
    const rotation = new Rotation();
    for (let poll = 0; poll < 7; poll += 1) rotation.choose(names, 20);
    const more = new Set([...names, ...Array.from({ length: 30 }, (_, index) => `new-${String(index)}`)]);
    const asked = [...rotation.choose(more, 20), ...rotation.choose(more, 20)];
    expect(new Set(asked.filter((name) => name.startsWith('new-'))).size).toBe(30);
  });

  it('always asks for those that moved last', () => {
    const rotation = new Rotation();
    while (!rotation.choose(names, 8).includes('j-99')); // Until none is new.
    rotation.moved('j-5');
    rotation.moved('j-6');
    for (let poll = 0; poll < 10; poll += 1)
      expect(rotation.choose(names, 8)).toEqual(expect.arrayContaining(['j-5', 'j-6']));
  });

  it('asks for each of a few journals once', () => {
    const rotation = new Rotation();
    rotation.moved('a');
    expect([...rotation.choose(new Set(['a', 'b']), 64)].sort()).toEqual(['a', 'b']);
  });
});
