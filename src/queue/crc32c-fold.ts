/**
 * Shortens bytes without a change of their CRC-32C, sixteen at a time, in WebAssembly written out by hand.
 *
 * x^209 + x^144 + x^54 + x^39 + x^14 + 1 is a multiple of the polynomial, and so it is with every exponent times 128:
 * squaring only doubles them. Sixteen bytes may therefore be left out if they are added (xor) to those 65, 155, 170,
 * 195 and 209 places of sixteen bytes behind them: five additions instead of sixteen looks into tables.
 */
const EXPONENTS = [209, 144, 54, 39, 14, 0];
/** Bytes that remain: everything before them is added into them. */
export const FOLDED_BYTES = 209 * 16;
/** Taken at once: fits into the processor's cache. */
export const MAX_FOLD_BYTES = 256 * 1024;

const GET = 0x20;
const LOAD = [0xfd, 0x00, 4];
const STORE = [0xfd, 0x0b, 4];
const XOR = [0xfd, 0x51];
/** local += 16 */
const advance = (local: number): number[] => [GET, local, 0x41, 16, 0x6a, 0x21, local];
/** A loop that ends when local 0 has reached local 2. */
const loop = (body: readonly number[]): number[] => [
  0x03,
  0x40,
  ...body,
  GET,
  0,
  GET,
  2,
  0x49,
  0x0d,
  0,
  0x0b,
];

/** LEB128 */
function number(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...number(value >>> 7)];
}

const sized = (bytes: readonly number[]): number[] => [...number(bytes.length), ...bytes];
const section = (id: number, bytes: readonly number[]): number[] => [id, ...sized(bytes)];
const named = (name: string, kind: number, index: number): number[] => [
  ...sized([...Buffer.from(name)]),
  kind,
  index,
];

/** fold(at, 0, end): at every place, what stands 209 places behind `at` takes in those before it. */
const fold = loop([
  GET,
  0,
  ...EXPONENTS.flatMap((exponent, index) => [
    GET,
    0,
    ...LOAD,
    ...number(exponent * 16),
    ...(index > 0 ? XOR : []),
  ]),
  ...STORE,
  ...number(FOLDED_BYTES),
  ...advance(0),
]);
/** add(at, from, end) */
const add = loop([
  ...[GET, 0, GET, 0, ...LOAD, 0, GET, 1, ...LOAD, 0, ...XOR, ...STORE, 0],
  ...advance(0),
  ...advance(1),
]);
const PAGES = Math.ceil((FOLDED_BYTES + MAX_FOLD_BYTES) / 65536);
const code = [fold, add].flatMap((body) => sized([0, ...body, 0x0b]));
const module = Uint8Array.from([
  ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...section(1, [1, 0x60, 3, 0x7f, 0x7f, 0x7f, 0]),
  ...section(3, [2, 0, 0]),
  ...section(5, [1, 0, PAGES]),
  ...section(7, [3, ...named('memory', 2, 0), ...named('fold', 0, 0), ...named('add', 0, 1)]),
  ...section(10, [2, ...code]),
]);

type Step = (at: number, from: number, end: number) => void;
interface Steps {
  readonly memory: WebAssembly.Memory;
  readonly fold: Step;
  readonly add: Step;
}
let steps: Steps | undefined;
/** FOLDED_BYTES of zeros, and the bytes behind them. */
let memory = new Uint8Array(0);

/**
 * What is left of up to `MAX_FOLD_BYTES` bytes, a multiple of 16 and more than `FOLDED_BYTES`, where `crc` is the
 * register (not inverted) before them: its CRC begun with 0 is theirs. Valid until the next call.
 */
export function foldCrc32c(bytes: Uint8Array, crc: number): Uint8Array {
  if (steps === undefined) {
    steps = new WebAssembly.Instance(new WebAssembly.Module(module)).exports as unknown as Steps;
    memory = new Uint8Array(steps.memory.buffer);
  }
  memory.set(bytes, FOLDED_BYTES);
  for (let at = 0; at < 4; at++) memory[FOLDED_BYTES + at]! ^= crc >>> (at * 8);
  const end = bytes.length - FOLDED_BYTES;
  steps.fold(0, 0, end);
  // The last places stay: they take in those that are folded, not one another.
  const rest = FOLDED_BYTES + end;
  for (const exponent of EXPONENTS.slice(1)) {
    const distance = FOLDED_BYTES - exponent * 16;
    steps.add(rest, rest - distance, rest + distance);
  }
  return memory.subarray(rest, rest + FOLDED_BYTES);
}
