import { createHmac, hash, randomUUID } from 'node:crypto';
import { addTag, isMap, isRawJson } from '../../event/event.ts';
import {
  formatFieldReference,
  type Getter,
  getter,
  parseFieldReference,
} from '../../event/field-reference.ts';
import type { Event, FieldValue } from '../../kernel/event-types.ts';
import type { OptionValues } from '../../kernel/options.ts';
import { defineFilter } from '../../kernel/plugin.ts';
import { checkedSetter } from '../../lib/checked-set.ts';
import { murmur3, murmur3x128 } from '../../lib/murmur3.ts';
import { networkOf } from '../../lib/net/ip-network.ts';
import { rubyFloat } from '../../lib/text/ruby-inspect.ts';

const FAILURE_TAG = '_fingerprintfailure';

const options = {
  source: {
    type: 'array',
    default: ['message'],
    description:
      'Fields of which the fingerprint is made; of several, the last one counts unless concatenated.',
  },
  target: {
    type: 'string',
    description: 'Field that gets the fingerprint; `fingerprint`, or with ECS `[event][hash]`, if not given.',
  },
  key: {
    type: 'password',
    description: 'Key of the HMAC; for IPV4_NETWORK the length of the prefix. Without a key: a plain digest.',
  },
  base64encode: {
    type: 'boolean',
    default: false,
    description: 'Base64 instead of hexadecimal digits (digests and MURMUR3_128).',
  },
  method: {
    type: 'string',
    default: 'SHA1',
    oneOf: [
      'SHA1',
      'SHA256',
      'SHA384',
      'SHA512',
      'MD5',
      'MURMUR3',
      'MURMUR3_128',
      'IPV4_NETWORK',
      'UUID',
      'PUNCTUATION',
    ],
    description: 'How the fingerprint is made. UUID is random; PUNCTUATION keeps nothing but punctuation.',
  },
  concatenate_sources: {
    type: 'boolean',
    default: false,
    description: 'One fingerprint of names and values of all source fields.',
  },
  concatenate_all_fields: {
    type: 'boolean',
    default: false,
    description: 'One fingerprint of names and values of all fields of the event.',
  },
} as const;
type FingerprintOptions = OptionValues<typeof options>;

/** Makes fingerprints of fields. */
export const fingerprint = defineFilter({
  kind: 'filter',
  name: 'fingerprint',
  summary: 'Makes a fingerprint (hash) of one field, several or all, for example as document id.',
  options,
  ecs: true,
  examples: [
    {
      title: 'SHA-1 of a field',
      config: 'fingerprint { source => "clientip" }',
      input: { clientip: '123.123.123.123' },
      output: { fingerprint: '3a5076c520b4b463f43806896ea0b3978d09dcae' },
    },
    {
      title: 'HMAC of several fields as document id',
      config:
        'fingerprint { source => [ "user", "ip" ] concatenate_sources => true method => "SHA256" key => "secret" target => "[@metadata][id]" add_field => { "id" => "%{[@metadata][id]}" } }',
      input: { user: 'bob', ip: '10.0.0.1' },
    },
    {
      title: 'The network of an address',
      config: 'fingerprint { source => "ip" method => "IPV4_NETWORK" key => "24" target => "net" }',
      input: { ip: '10.1.2.3' },
      output: { net: '10.1.2.0' },
    },
  ],
  differences: [
    `What a method can not take (text that is no address, punctuation of a number, a target that can not be written) gives the tag \`${FAILURE_TAG}\`; Logstash stops the pipeline.`,
    'MURMUR3 and MURMUR3_128 take a float with a whole value (`1.0`) for an integer.',
  ],
  validate(given, report) {
    for (const [option, names] of [
      ['source', given.source.map(String)],
      ['target', given.target === undefined ? [] : [given.target]],
    ] as const) {
      for (const name of names) {
        try {
          parseFieldReference(name);
        } catch (error) {
          report('error', option, (error as Error).message);
        }
      }
    }
    if (given.method === 'IPV4_NETWORK') {
      if (given.key === undefined)
        report('error', 'key', 'IPV4_NETWORK needs the length of the prefix as `key`');
      else if (!/^\d{1,3}$/.test(given.key.reveal()) || Number(given.key.reveal()) > 128)
        report('error', 'key', 'the length of the prefix must be a number from 0 to 32 (IPv6: 128)');
    }
  },
  reads: (given) =>
    given.concatenate_all_fields
      ? 'all'
      : given.method === 'UUID'
        ? []
        : given.source.map((name) => formatFieldReference(parseFieldReference(String(name)))),
  writes: (given) =>
    given.target === undefined
      ? ['fingerprint', '[event][hash]']
      : [formatFieldReference(parseFieldReference(given.target))],
  create(given, context) {
    const target = given.target ?? (context.ecs === 'disabled' ? 'fingerprint' : '[event][hash]');
    const write = checkedSetter(parseFieldReference(target));
    const make = makerOf(given);
    const filter = (event: Event): boolean => {
      try {
        const made = make(event);
        if (made !== undefined) write(event, made);
        return true;
      } catch (error) {
        context.logger.warn({ reason: (error as Error).message }, 'fingerprint: none could be made');
        addTag(event, FAILURE_TAG);
        return false;
      }
    };
    return { filter };
  },
});

/** Makes the fingerprint of an event; undefined if it has none of the fields. @throws Error */
function makerOf(given: FingerprintOptions): (event: Event) => FieldValue {
  const sources = given.source.map((name) => ({
    name: String(name),
    read: getter(parseFieldReference(String(name))),
  }));
  if (given.method === 'UUID') return () => randomUUID();
  if (given.method === 'PUNCTUATION') {
    const reads = sorted(sources).map(({ read }) => read);
    return (event) => lastOf(event, reads, punctuationOf);
  }
  const digest = digestOf(given);
  if (given.concatenate_all_fields) return (event) => digest(concatenateAll(event));
  if (given.concatenate_sources) {
    const inOrder = sorted(sources);
    return (event) => {
      let text = '';
      for (const { name, read } of inOrder) text += `|${name}|${textOfScalar(canonical(read(event)))}`;
      return digest(`${text}|`);
    };
  }
  const reads = sources.map(({ read }) => read);
  const one = (value: FieldValue): FieldValue =>
    Array.isArray(value) ? value.map((each) => digest(canonical(each))) : digest(canonical(value));
  return (event) => lastOf(event, reads, one);
}

/** What is made of the last of the fields that the event has. */
function lastOf(event: Event, reads: readonly Getter[], make: (value: FieldValue) => FieldValue): FieldValue {
  let made: FieldValue;
  for (let at = 0; at < reads.length; at++) {
    const value = reads[at]!(event);
    if (value !== undefined) made = make(value);
  }
  return made;
}

/** By the bytes of their names, as Ruby sorts. */
const sorted = <T extends { readonly name: string }>(list: readonly T[]): T[] =>
  list.toSorted((a, b) => compareBytes(a.name, b.name));

const compareBytes = (a: string, b: string): number =>
  /^[\0-\x7f]*$/.test(a + b) ? (a < b ? -1 : a > b ? 1 : 0) : Buffer.compare(Buffer.from(a), Buffer.from(b));

const namesOf = (map: Record<string, FieldValue>): string[] =>
  Object.keys(map)
    .filter((name) => map[name] !== undefined)
    .sort(compareBytes);

function concatenateAll(event: Event): string {
  let text = '';
  for (const name of namesOf(event.fields)) text += `|${name}|${textOfScalar(canonical(event.fields[name]))}`;
  return `${text}|`;
}

/** Scalars as they are; maps as `name|value|…`, sorted; lists as `value|value`. */
function canonical(value: FieldValue): FieldValue {
  if (typeof value !== 'object' || value === null || isRawJson(value)) return value;
  return canonicalText(value);
}

function canonicalText(value: FieldValue): string {
  if (Array.isArray(value)) return value.map(canonicalText).join('|');
  if (!isMap(value)) return textOfScalar(value);
  return namesOf(value)
    .map((name) => `${name}|${canonicalText(value[name])}`)
    .join('|');
}

/** Ruby's `to_s`. */
function textOfScalar(value: FieldValue): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return rubyFloat(value);
  if (value === undefined || value === null) return '';
  if (typeof value === 'object') return isRawJson(value) ? value.rawJSON : canonicalText(value);
  return String(value);
}

function punctuationOf(value: FieldValue): string {
  if (typeof value !== 'string') throw new Error('only text has punctuation');
  return value.replace(/[^\p{P}\p{S}]+/gu, '');
}

function digestOf({ method, key, base64encode }: FingerprintOptions): (value: FieldValue) => FieldValue {
  switch (method) {
    case 'IPV4_NETWORK': {
      const prefix = Number.parseInt(key?.reveal() ?? '0', 10) || 0;
      return (value) => {
        const network = typeof value === 'string' ? networkOf(value, prefix) : undefined;
        if (network === undefined)
          throw new Error(`\`${textOfScalar(value).slice(0, 100)}\` is no IP address`);
        return network;
      };
    }
    case 'MURMUR3':
      return (value) => murmur3(bytesForMurmur(value, false));
    case 'MURMUR3_128':
      return (value) => {
        const bytes = Buffer.allocUnsafe(16);
        const words = murmur3x128(bytesForMurmur(value, true), 2);
        for (let at = 0; at < 4; at++) bytes.writeUInt32LE(words[at]!, at * 4);
        return bytes.toString(base64encode ? 'base64' : 'hex');
      };
  }
  const algorithm = method.toLowerCase();
  const encoding = base64encode ? 'base64' : 'hex';
  if (key === undefined) return (value) => hash(algorithm, textOfScalar(value), encoding);
  const secret = key.reveal();
  return (value) => createHmac(algorithm, secret).update(textOfScalar(value)).digest(encoding);
}

/** Integers are hashed as eight bytes (where `short`, as four if they fit), anything else as text. */
function bytesForMurmur(value: FieldValue, short: boolean): Buffer {
  if (!(typeof value === 'bigint' || Number.isInteger(value))) return Buffer.from(textOfScalar(value));
  const integer = BigInt(value as number | bigint);
  if (short && BigInt.asIntN(32, integer) === integer) {
    const bytes = Buffer.allocUnsafe(4);
    bytes.writeInt32LE(Number(integer));
    return bytes;
  }
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigInt64LE(BigInt.asIntN(64, integer));
  return bytes;
}
