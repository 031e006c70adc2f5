/** The option `charset` that text codecs share, its check, and the conversion it asks for. */
import type { Option } from '../../kernel/options.ts';
import type { ReportProblem } from '../../kernel/plugin.ts';
import { charsetProblem, decodeCharset, encodingFor, isIconvEncoding } from './charset.ts';

export const charsetOption = {
  type: 'string',
  default: 'UTF-8',
  description:
    'Encoding of the bytes that are decoded, by its name in Ruby: `UTF-8`, `CP1252`, `ISO-8859-15`, `Windows-31J`, `UTF-16LE`, …',
} as const satisfies Option;

/** For `validate`: an error with a suggestion when there is no such charset. */
export function checkCharset(name: string, report: ReportProblem): void {
  const problem = charsetProblem(name);
  if (problem) report('error', 'charset', problem.message, problem.hint);
}

export interface TextDecoding {
  /** Name of the encoding. */
  readonly encoding: string;
  /** For `Codec.charset`: undefined when the codec has to convert by itself. */
  readonly charset: string | undefined;
  /** The text of a record, which is text already when `charset` is given. */
  toText(record: string | Buffer): string;
}

export function textDecoding(name: string): TextDecoding {
  const encoding = encodingFor(name) ?? 'UTF-8';
  return {
    encoding,
    charset: isIconvEncoding(encoding) ? encoding : undefined,
    toText: (record) => (typeof record === 'string' ? record : decodeCharset(record, encoding)),
  };
}
