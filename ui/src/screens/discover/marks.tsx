/** Text with the parts marked that the query found. */
import { memo } from 'react';
import { visible } from '../../lib/visible.ts';

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

export const Marked = memo(function Marked({
  text,
  marks,
}: {
  readonly text: string;
  readonly marks: readonly string[] | undefined;
}) {
  if (!marks || marks.length === 0) return <bdi>{text}</bdi>;
  const wanted = [...marks].toSorted((a, b) => b.length - a.length).map((mark) => escaped(visible(mark)));
  const parts = text.split(new RegExp(`(${wanted.join('|')})`, 'g'));
  return (
    <bdi>
      {parts.map((part, at) =>
        // Parts in brackets of the expression stand at odd places.
        // biome-ignore lint/suspicious/noArrayIndexKey: parts have nothing but their place
        at % 2 === 1 ? <mark key={at}>{part}</mark> : part,
      )}
    </bdi>
  );
});
