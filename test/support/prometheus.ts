/** Reads Prometheus' text exposition format 0.0.4 as strictly as promtool does. */

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly type: string;
  readonly help: string;
  readonly samples: Sample[];
}

/** @throws naming the line and what is wrong with it */
export function parseExposition(text: string): Map<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const families = new Map<string, Family>();
  const helps = new Map<string, string>();
  const seen = new Set<string>();
  let current = '';
  for (const [index, line] of text.slice(0, -1).split('\n').entries()) {
    const fail = (why: string): never => {
      throw new Error(`line ${index + 1}: ${why}: ${line}`);
    };
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/.exec(line);
    if (comment) {
      const [, kind, name, rest] = comment as unknown as [string, string, string, string];
      if (kind === 'HELP') {
        if (helps.has(name)) fail('a second HELP');
        helps.set(name, rest);
      } else {
        if (families.has(name)) fail('a second TYPE');
        if (!['counter', 'gauge', 'histogram', 'summary', 'untyped'].includes(rest)) fail('unknown type');
        if (rest === 'counter' && !name.endsWith('_total')) fail('a counter ends with _total');
        families.set(name, { type: rest, help: helps.get(name) ?? fail('no HELP before it'), samples: [] });
      }
      current = name;
      continue;
    }
    const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? fail('not a sample');
    const [, name, labelText, value] = sample as unknown as [string, string, string | undefined, string];
    if (name !== current) fail('a sample outside of its family');
    if (seen.has(`${name}{${labelText}}`)) fail('a second sample of the same labels');
    seen.add(`${name}{${labelText}}`);
    if (!/^[+-]?(?:\d+(?:\.\d*)?(?:e[+-]?\d+)?|Inf)$|^NaN$/i.test(value)) fail('not a number');
    const { type, samples } = families.get(name) ?? fail('no TYPE before it');
    if (type === 'counter' && !(Number(value) >= 0)) fail('a counter below zero');
    samples.push({ name, labels: parseLabels(labelText ?? '', fail), value: Number(value) });
  }
  for (const [name, { samples }] of families)
    if (samples.length === 0) throw new Error(`${name} has no samples`);
  return families;
}

function parseLabels(text: string, fail: (why: string) => never): Record<string, string> {
  const labels: Record<string, string> = {};
  const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/y;
  while (label.lastIndex < text.length) {
    const match = label.exec(text) ?? fail('labels are wrong');
    const [, name, value] = match as unknown as [string, string, string];
    if (Object.hasOwn(labels, name)) fail('a label twice');
    labels[name] = value.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
  }
  return labels;
}
