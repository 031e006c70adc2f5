/** What changed between two texts, line by line (Myers' algorithm). */

export interface DiffLine {
  readonly kind: 'same' | 'added' | 'removed';
  readonly text: string;
  /** Numbers in the old and the new text. */
  readonly before?: number;
  readonly after?: number;
}

/** More edits than this are shown as everything out, everything in. */
const MAX_EDITS = 500;

const linesOf = (text: string): string[] => {
  const lines = text.split(/\r\n|\n|\r/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
};

export function diffLines(before: string, after: string): DiffLine[] {
  const [a, b] = [linesOf(before), linesOf(after)];
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (
    tail < a.length - head &&
    tail < b.length - head &&
    a[a.length - 1 - tail] === b[b.length - 1 - tail]
  )
    tail++;
  const middle = edits(a.slice(head, a.length - tail), b.slice(head, b.length - tail));
  const lines: DiffLine[] = [];
  let [x, y] = [0, 0];
  const same = (count: number): void => {
    for (let i = 0; i < count; i++) {
      lines.push({ kind: 'same', text: a[x]!, before: x + 1, after: y + 1 });
      x++;
      y++;
    }
  };
  same(head);
  for (const edit of middle)
    if (edit === 'same') same(1);
    else if (edit === 'removed') lines.push({ kind: 'removed', text: a[x]!, before: ++x });
    else lines.push({ kind: 'added', text: b[y]!, after: ++y });
  same(tail);
  return lines;
}

function edits(a: readonly string[], b: readonly string[]): DiffLine['kind'][] {
  const max = a.length + b.length;
  const trace: Map<number, number>[] = [];
  let reach = new Map([[1, 0]]);
  for (let d = 0; d <= max; d++) {
    if (d > MAX_EDITS) return [...a.map(() => 'removed' as const), ...b.map(() => 'added' as const)];
    trace.push(new Map(reach));
    const next = new Map(reach);
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1));
      let x = down ? (reach.get(k + 1) ?? 0) : (reach.get(k - 1) ?? 0) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      next.set(k, x);
      if (x >= a.length && x - k >= b.length) return back(trace, a.length, b.length);
    }
    reach = next;
  }
  return [];
}

function back(trace: readonly Map<number, number>[], width: number, height: number): DiffLine['kind'][] {
  const found: DiffLine['kind'][] = [];
  let [x, y] = [width, height];
  for (let d = trace.length - 1; d >= 0; d--) {
    const reach = trace[d]!;
    const k = x - y;
    const down = k === -d || (k !== d && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1));
    const from = down ? k + 1 : k - 1;
    const [startX, startY] = [reach.get(from) ?? 0, (reach.get(from) ?? 0) - from];
    while (x > startX && y > startY && (d > 0 || (x > 0 && y > 0))) {
      if (x === (down ? startX : startX + 1) && y === (down ? startY + 1 : startY)) break;
      found.push('same');
      x--;
      y--;
    }
    if (d === 0) break;
    found.push(down ? 'added' : 'removed');
    [x, y] = [startX, startY];
  }
  return found.reverse();
}

/** Changed lines with `around` lines before and behind; a number stands for lines left out. */
export function hunks(lines: readonly DiffLine[], around = 3): (DiffLine | number)[] {
  const near = new Uint8Array(lines.length);
  for (const [at, { kind }] of lines.entries())
    if (kind !== 'same') near.fill(1, Math.max(0, at - around), Math.min(lines.length, at + around + 1));
  const shown: (DiffLine | number)[] = [];
  let left = 0;
  for (const [at, line] of lines.entries())
    if (near[at]) {
      if (left > 0) shown.push(left);
      left = 0;
      shown.push(line);
    } else left++;
  if (left > 0) shown.push(left);
  return shown;
}
