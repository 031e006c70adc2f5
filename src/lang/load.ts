/** Reads the sources of a pipeline: `-e` and `config.string`, or `-f` and `path.config` (file, directory, glob, URL). */
import { glob, readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Diagnostic } from '../kernel/diagnostic.ts';

export interface Source {
  /** As messages name it: a path, or `<config.string>`. */
  readonly file: string;
  readonly text: string;
}

export interface LoadedSources {
  readonly sources: readonly Source[];
  readonly diagnostics: readonly Diagnostic[];
}

export const CONFIG_STRING = '<config.string>';
const DEFAULT_INPUT: Source = { file: '<default input>', text: 'input { stdin { type => stdin } }' };
const DEFAULT_OUTPUT: Source = {
  file: '<default output>',
  text: 'output { stdout { codec => rubydebug } }',
};

/** Seconds to wait for, and bytes to take of, a config at a URL. */
const URL_TIMEOUT = 20;
const MAX_BYTES = 8 << 20;

/** A config given as text. Without an input it reads stdin, without an output it prints, as Logstash does. */
export function loadConfigString(text: string): LoadedSources {
  const sources: Source[] = [{ file: CONFIG_STRING, text }];
  if (!/input\s*\{/.test(text)) sources.push(DEFAULT_INPUT);
  if (!/output\s*\{/.test(text)) sources.push(DEFAULT_OUTPUT);
  return { sources, diagnostics: [] };
}

/**
 * The files of a path: one file, all of a directory (not below it), those of a glob, or one URL, sorted by name.
 * Files ending with `~` are skipped. Files are named as given, relative or not.
 */
export async function loadConfigPath(path: string): Promise<LoadedSources> {
  if (/^https?:\/\//i.test(path)) return loadUrl(path);
  const plain = path.replace(/^file:\/\//i, '');
  const sources: Source[] = [];
  const diagnostics: Diagnostic[] = [];
  const files = await matchingFiles(plain);
  for (const file of files) {
    if (file.endsWith('~')) {
      diagnostics.push(about(file, 'warning', 'not read: a name that ends with ~ is a backup of an editor'));
      continue;
    }
    try {
      const bytes = await readFile(file);
      if (bytes.length > MAX_BYTES) diagnostics.push(about(file, 'error', 'this file is larger than 8 MiB'));
      else decode(file, bytes, sources, diagnostics);
    } catch (error) {
      diagnostics.push(about(file, 'error', `this file can not be read: ${(error as Error).message}`));
    }
  }
  if (sources.length === 0 && !diagnostics.some((each) => each.severity === 'error')) {
    diagnostics.push({
      ...about(plain, 'error', 'no config file is found here'),
      hint: `nothing readable matches ${resolve(plain)}`,
    });
  }
  return { sources, diagnostics };
}

async function matchingFiles(path: string): Promise<string[]> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile()) return [path];
  let names: string[] = [];
  if (found?.isDirectory()) {
    names = (await readdir(path)).filter((name) => !name.startsWith('.')).map((name) => join(path, name));
  } else {
    for await (const name of glob(path)) names.push(name);
  }
  const files: string[] = [];
  for (const name of names) if ((await stat(name).catch(() => undefined))?.isFile()) files.push(name);
  return files.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

function decode(file: string, bytes: Buffer, sources: Source[], diagnostics: Diagnostic[]): void {
  try {
    sources.push({ file, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) });
  } catch {
    const offset = firstInvalidByte(bytes);
    const before = bytes.subarray(0, offset).toString('utf8');
    const lineStart = Math.max(before.lastIndexOf('\n'), before.lastIndexOf('\r')) + 1;
    const value = bytes[offset]!.toString(16).toUpperCase().padStart(2, '0');
    diagnostics.push({
      file,
      line: before.split(/\r\n|\n|\r/).length,
      column: before.length - lineStart + 1,
      severity: 'error',
      message: `this file is not UTF-8: byte 0x${value} at offset ${offset}`,
      hint: 'convert it, for example: iconv -f WINDOWS-1252 -t UTF-8',
    });
  }
}

/** Offset of the first byte that begins no valid character. */
function firstInvalidByte(bytes: Buffer): number {
  const decodes = (end: number, stream: boolean): boolean => {
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, end), { stream });
      return true;
    } catch {
      return false;
    }
  };
  // The longest prefix that decodes, if a character may be cut at its end…
  let low = 0;
  let high = bytes.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (decodes(middle, true)) low = middle;
    else high = middle - 1;
  }
  // …and back to where that character began.
  while (low > 0 && !decodes(low, false)) low--;
  return low;
}

async function loadUrl(url: string): Promise<LoadedSources> {
  const sources: Source[] = [];
  const diagnostics: Diagnostic[] = [];
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(URL_TIMEOUT * 1000) });
    if (!response.ok) {
      diagnostics.push(about(url, 'error', `the server answered ${response.status} ${response.statusText}`));
    } else {
      const chunks: Uint8Array[] = [];
      let size = 0;
      for await (const chunk of response.body ?? []) {
        size += chunk.length;
        if (size > MAX_BYTES) break;
        chunks.push(chunk);
      }
      if (size > MAX_BYTES) diagnostics.push(about(url, 'error', 'this config is larger than 8 MiB'));
      else decode(url, Buffer.concat(chunks), sources, diagnostics);
    }
  } catch (error) {
    const reason =
      (error as Error).cause instanceof Error ? ((error as Error).cause as Error) : (error as Error);
    diagnostics.push(about(url, 'error', `this config can not be fetched: ${reason.message}`));
  }
  return { sources, diagnostics };
}

const about = (file: string, severity: Diagnostic['severity'], message: string): Diagnostic => ({
  file,
  line: 1,
  column: 1,
  severity,
  message,
});
