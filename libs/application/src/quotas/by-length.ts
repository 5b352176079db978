/**
 * Lines by how many wait in each, so that the longest is found without a look at the others. Every change of one place
 * costs the same however many lines there are; the memory is one set for each length that occurs.
 */
export class ByLength<Line> {
  private readonly lines: Set<Line>[] = [];
  private top = 0;

  /** A line had so many waiting and has so many now; 0: it is not among the lines. */
  moved(line: Line, before: number, now: number): void {
    this.lines[before]?.delete(line);
    if (now > 0) this.at(now).add(line);
    this.top = Math.max(this.top, now);
    while (this.top > 0 && this.at(this.top).size === 0) this.top -= 1;
  }

  /** One of the longest lines, the one that has been so long for the longest time; undefined: there is none. */
  longest(): Line | undefined {
    return this.at(this.top).values().next().value;
  }

  private at(length: number): Set<Line> {
    while (this.lines.length <= length) this.lines.push(new Set());
    return this.lines[length] ?? new Set();
  }
}
