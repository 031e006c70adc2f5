/**
 * Captures inside of loops. In Ruby a group keeps what it held in an earlier round of the loop around it; JavaScript
 * clears it at each round. So the loop's text is captured as a whole, and its rounds are matched once more.
 */
export interface CaptureLoop {
  /** JavaScript's group that holds the text of all rounds. */
  readonly group: number;
  /** One round, sticky. */
  readonly round: RegExp;
  /** For each group of `round`, the group of the whole expression that it fills; entry 0 is unused. */
  readonly fills: readonly number[];
}

/** Fills in the captures of earlier rounds. `match` must have been made with the flag `d`. */
export function fillLoopCaptures(match: RegExpExecArray, text: string, loops: readonly CaptureLoop[]): void {
  for (const { group, round, fills } of loops) {
    const range = match.indices?.[group];
    if (!range) continue;
    const [start, end] = range;
    const within = text.slice(0, end);
    const found: (string | undefined)[] = [];
    let at = start;
    while (at < end) {
      round.lastIndex = at;
      const one = round.exec(within);
      if (!one || one[0] === '') break;
      for (let index = 1; index < one.length; index++)
        found[fills[index]!] = one[index] ?? found[fills[index]!];
      at = round.lastIndex;
    }
    // Rounds that end elsewhere were matched in another way than by the whole expression: they say nothing.
    if (at !== end) continue;
    for (const [index, value] of found.entries()) if (value !== undefined) match[index] = value;
  }
}
