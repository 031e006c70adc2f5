/** A PNG of Chromium as one with a palette of 256 colours: a third of the bytes, and the same picture for eyes. */
import { crc32, deflateSync, inflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');
const COLOURS = 256;

/** `png`: eight bits a channel, RGB or RGBA, not interlaced. @throws Error for others */
export function smallPng(png: Buffer): Buffer {
  const { width, height, channels, data } = read(png);
  const pixels = unfilter(data, width, height, channels);
  const counts = new Map<number, number>();
  for (let at = 0; at < pixels.length; at += channels) {
    const colour = (pixels[at]! << 16) | (pixels[at + 1]! << 8) | pixels[at + 2]!;
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  const palette = paletteOf(counts);
  const nearest = new Map<number, number>();
  const rows = Buffer.alloc(height * (width + 1));
  for (let at = 0, pixel = 0; at < pixels.length; at += channels, pixel++) {
    const colour = (pixels[at]! << 16) | (pixels[at + 1]! << 8) | pixels[at + 2]!;
    let index = nearest.get(colour);
    if (index === undefined) {
      index = nearestTo(palette, colour);
      nearest.set(colour, index);
    }
    rows[Math.floor(pixel / width) * (width + 1) + 1 + (pixel % width)] = index;
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3, 0, 0, 0], 8);
  const colours = Buffer.from(palette.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255]));
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('PLTE', colours),
    chunk('IDAT', deflateSync(rows, { level: 9, memLevel: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  const whole = Buffer.alloc(body.length + 8);
  whole.writeUInt32BE(data.length, 0);
  body.copy(whole, 4);
  whole.writeUInt32BE(crc32(body), body.length + 4);
  return whole;
}

function read(png: Buffer): { width: number; height: number; channels: number; data: Buffer } {
  const parts: Buffer[] = [];
  let [width, height, channels] = [0, 0, 0];
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at);
    const type = png.toString('latin1', at + 4, at + 8);
    const body = png.subarray(at + 8, at + 8 + length);
    if (type === 'IHDR') {
      [width, height] = [body.readUInt32BE(0), body.readUInt32BE(4)];
      channels = ({ 2: 3, 6: 4 } as Record<number, number>)[body[9]!] ?? 0;
      if (channels === 0 || body[8] !== 8 || body[12] !== 0) throw new Error('not a PNG of Chromium');
    } else if (type === 'IDAT') parts.push(body);
    at += length + 12;
  }
  return { width, height, channels, data: inflateSync(Buffer.concat(parts)) };
}

/** Undoes the filters of rows (PNG specification, section 9). */
function unfilter(data: Buffer, width: number, height: number, channels: number): Buffer {
  const length = width * channels;
  const pixels = Buffer.alloc(height * length);
  for (let row = 0; row < height; row++) {
    const filter = data[row * (length + 1)]!;
    for (let at = 0; at < length; at++) {
      const place = row * length + at;
      const left = at >= channels ? pixels[place - channels]! : 0;
      const up = row > 0 ? pixels[place - length]! : 0;
      const corner = at >= channels && row > 0 ? pixels[place - length - channels]! : 0;
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter]!;
      pixels[place] = data[row * (length + 1) + 1 + at]! + guess;
    }
  }
  return pixels;
}

function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}

/** The most frequent colours, then those that are furthest from what is there, weighted by how often they are. */
function paletteOf(counts: ReadonlyMap<number, number>): number[] {
  const all = [...counts].sort(([, a], [, b]) => b - a);
  const palette = all.slice(0, COLOURS / 2).map(([colour]) => colour);
  const rest = all.slice(COLOURS / 2, 4000);
  const far = rest.map(([colour]) => Math.min(...palette.map((one) => distance(one, colour))));
  while (palette.length < COLOURS && rest.length > 0) {
    let best = 0;
    for (let at = 1; at < rest.length; at++)
      if (far[at]! * Math.sqrt(rest[at]![1]) > far[best]! * Math.sqrt(rest[best]![1])) best = at;
    if (far[best] === 0) break;
    const colour = rest[best]![0];
    palette.push(colour);
    for (let at = 0; at < rest.length; at++) far[at] = Math.min(far[at]!, distance(colour, rest[at]![0]));
  }
  return palette;
}

function nearestTo(palette: readonly number[], colour: number): number {
  let best = 0;
  for (let at = 1; at < palette.length; at++)
    if (distance(palette[at]!, colour) < distance(palette[best]!, colour)) best = at;
  return best;
}

const distance = (a: number, b: number): number =>
  ((a >> 16) - (b >> 16)) ** 2 + (((a >> 8) & 255) - ((b >> 8) & 255)) ** 2 + ((a & 255) - (b & 255)) ** 2;
