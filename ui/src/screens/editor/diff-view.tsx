/** The difference of two texts, in one column or side by side. */
import { Text } from '@mantine/core';
import { useMemo } from 'react';
import { type DiffLine, diffLines, hunks } from './line-diff.ts';

const marks = { same: ' ', added: '+', removed: '−' } as const;
const words = { same: '', added: 'added', removed: 'removed' } as const;
const MAX_LINE = 2000;
const cut = (text: string): string => (text.length > MAX_LINE ? `${text.slice(0, MAX_LINE)}…` : text);

export interface DiffViewProps {
  readonly before: string;
  readonly after: string;
  readonly split?: boolean;
  readonly label: string;
}

export function DiffView({ before, after, split = false, label }: DiffViewProps) {
  const lines = useMemo(() => diffLines(before, after), [before, after]);
  const shown = useMemo(() => hunks(lines), [lines]);
  if (lines.every(({ kind }) => kind === 'same'))
    return (
      <Text size="sm" c="dimmed">
        Nothing differs.
      </Text>
    );
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard
    <section className="config-diff mono" aria-label={label} tabIndex={0}>
      <table data-split={split || undefined}>
        <colgroup>
          {split ? (
            <>
              <col className="config-diff-number" />
              <col />
              <col className="config-diff-number" />
              <col />
            </>
          ) : (
            <>
              <col className="config-diff-number" />
              <col className="config-diff-number" />
              <col />
            </>
          )}
        </colgroup>
        <tbody>{split ? pairs(shown).map(Pair) : shown.map(Line)}</tbody>
      </table>
    </section>
  );
}

function Left({ count, columns }: { readonly count: number; readonly columns: number }) {
  return (
    <tr className="config-diff-left">
      <td colSpan={columns}>
        {count} unchanged {count === 1 ? 'line' : 'lines'}
      </td>
    </tr>
  );
}

function Line(line: DiffLine | number, at: number) {
  if (typeof line === 'number') return <Left key={at} count={line} columns={3} />;
  return (
    <tr key={at} data-kind={line.kind}>
      <td className="config-diff-number">{line.before}</td>
      <td className="config-diff-number">{line.after}</td>
      <Content line={line} />
    </tr>
  );
}

function Content({ line }: { readonly line: DiffLine | undefined }) {
  if (!line) return <td className="config-diff-empty" />;
  return (
    <td className="config-diff-text" data-kind={line.kind}>
      <span aria-hidden>{marks[line.kind]} </span>
      {line.kind !== 'same' && <span className="only-heard">{words[line.kind]} </span>}
      {cut(line.text)}
    </td>
  );
}

type Sides = readonly [DiffLine | undefined, DiffLine | undefined];

/** What went stands beside what came in its place. */
function pairs(lines: readonly (DiffLine | number)[]): (Sides | number)[] {
  const found: (Sides | number)[] = [];
  let [gone, come]: [DiffLine[], DiffLine[]] = [[], []];
  const flush = (): void => {
    for (let at = 0; at < Math.max(gone.length, come.length); at++) found.push([gone[at], come[at]]);
    [gone, come] = [[], []];
  };
  for (const line of lines) {
    if (typeof line === 'number') {
      flush();
      found.push(line);
    } else if (line.kind === 'removed') gone.push(line);
    else if (line.kind === 'added') come.push(line);
    else {
      flush();
      found.push([line, line]);
    }
  }
  flush();
  return found;
}

function Pair(sides: Sides | number, at: number) {
  if (typeof sides === 'number') return <Left key={at} count={sides} columns={4} />;
  const [old, now] = sides;
  return (
    <tr key={at}>
      <td className="config-diff-number">{old?.before}</td>
      <Content line={old} />
      <td className="config-diff-number">{now?.after}</td>
      <Content line={now} />
    </tr>
  );
}
