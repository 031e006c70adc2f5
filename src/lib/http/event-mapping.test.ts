import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Event } from '../../event/event.ts';
import { compileForm, compileMapping, escapeForm, wholeEvent } from './event-mapping.ts';

const values = fc.jsonValue({ maxDepth: 3, stringUnit: 'binary' });
const fields = fc.dictionary(fc.string(), fc.oneof(values, fc.bigInt(), fc.constant(undefined)));

it('never throws on any event', () => {
  fc.assert(
    fc.property(fields, values, (each, mapping) => {
      const event = new Event(each as never);
      JSON.parse(wholeEvent(JSON.stringify)(event));
      JSON.parse(compileMapping(mapping)(event));
      expect(compileForm(undefined)(event)).toMatch(/^[\w.~%=&+-]*$/);
    }),
  );
});

it('escapes so that a form reader gets the text back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(new URLSearchParams(`a=${escapeForm(text)}`).get('a')).toBe(text.toWellFormed());
    }),
  );
});
