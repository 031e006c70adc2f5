/** `_analyze`: the words of a text, with the analysers that the store has. */
import { foldCase, tokensOf } from '../../../query/text-analysis.ts';
import { parsingError, StoreError, unsupported } from '../../errors.ts';
import { type Answer, type Call, json, type Route } from '../call.ts';

const MAX_TEXT = 100_000;

function analyze(call: Call): Answer {
  const { text, analyzer = 'standard', tokenizer, field, ...unknown } = call.object();
  const [wrong] = Object.keys(unknown).filter((key) => unknown[key] !== undefined);
  if (wrong !== undefined) throw unsupported(`[${wrong}] in _analyze`);
  if (field !== undefined) throw unsupported('[field] in _analyze');
  const name = String(tokenizer ?? analyzer);
  if (name !== 'standard' && name !== 'keyword')
    throw new StoreError(
      400,
      'illegal_argument_exception',
      `failed to find global analyzer [${name}]: standard and keyword are there`,
    );
  if (text === undefined) throw parsingError('[text] is missing');
  const whole = [text].flat().map(String).join('\n');
  if (whole.length > MAX_TEXT) throw parsingError(`[text] is longer than ${MAX_TEXT} characters`);
  const words = name === 'keyword' ? [whole] : tokensOf(whole);
  const folded = name === 'keyword' ? whole : foldCase(whole);
  let at = 0;
  const tokens = words.map((token, position) => {
    const start = folded.indexOf(token, at);
    at = start + token.length;
    return {
      token,
      start_offset: start,
      end_offset: at,
      type: name === 'keyword' ? 'word' : /^\p{Nd}/u.test(token) ? '<NUM>' : '<ALPHANUM>',
      position,
    };
  });
  return json({ tokens });
}

export const analyzeRoutes: readonly Route[] = [
  { methods: ['GET', 'POST'], paths: ['/_analyze', '/{index}/_analyze'], needs: 'monitor', handle: analyze },
];
