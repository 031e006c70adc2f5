/** Custom files: patterns, dictionaries, certificates. What is wrong with one, and lists of them in one YAML text. */
import { extname } from 'node:path';
import { YamlReader } from '../../../engine/config-tests/yaml-reader.ts';
import type { Diagnostic } from '../../../kernel/diagnostic.ts';
import { indentFault } from './yaml-indent.ts';

const MAX_FINDINGS = 50;
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/;

export interface ListedFile {
  readonly name: string;
  readonly text: string;
}

/** What is wrong with a file, by the ending of its name. */
export function checkCustomFile(name: string, text: string): Diagnostic[] {
  switch (extname(name).toLowerCase()) {
    case '.yml':
    case '.yaml':
      return checkYaml(name, text);
    case '.json':
      return checkJson(name, text);
    case '.csv':
      return checkCsv(name, text);
    case '.crt':
    case '.pem':
    case '.key':
      return checkPem(name, text);
    default:
      return [];
  }
}

function checkYaml(name: string, text: string): Diagnostic[] {
  return yamlProblems(name, text, new YamlReader(name, text));
}

/** The wrong indentation where there is one: what the parser says follows from it. */
function yamlProblems(name: string, text: string, { diagnostics }: YamlReader): Diagnostic[] {
  if (diagnostics.length === 0) return [];
  const fault = indentFault(name, text);
  return fault ? [fault] : diagnostics.slice(0, MAX_FINDINGS);
}

/**
 * A list as fleet managers write it: `- file_name: ca.crt` with `file_text: |` and the text below. Files only when
 * nothing is wrong.
 */
export function readFileList(text: string): { files: ListedFile[]; diagnostics: Diagnostic[] } {
  const name = 'pasted list';
  const reader = new YamlReader(name, text);
  const broken = yamlProblems(name, text, reader);
  if (broken.length > 0) return { files: [], diagnostics: broken };
  const { root } = reader;
  if (!root || !reader.isList(root)) {
    reader.report(root, 'this is no list of files', {
      expected: '`- file_name: NAME`, and below it `  file_text: |` with the text',
      hint: 'for a single file choose Paste or Upload',
    });
    return { files: [], diagnostics: [...reader.diagnostics] };
  }
  const files: ListedFile[] = [];
  for (const node of reader.list(root)) {
    const entries = reader.map(node, 'a file', ['file_name', 'file_text']);
    if (!entries) continue;
    const [named, held] = [entries.get('file_name'), entries.get('file_text')];
    if (!named) reader.report(node, 'this file has no `file_name`', { expected: '`file_name: NAME`' });
    if (!held)
      reader.report(node, 'this file has no `file_text`', {
        expected: '`file_text: |`, and the text below it, deeper than the key',
      });
    if (!named || !held) continue;
    const fileName = reader.text(named.value, '`file_name`');
    if (fileName === undefined) continue;
    if (!NAME.test(fileName)) {
      reader.report(named.value, `\`${fileName}\` can not be the name of a file`, {
        hint: 'it takes letters, digits, ".", "_" and "-", and no folders',
      });
      continue;
    }
    if (files.some((each) => each.name === fileName))
      reader.report(named.value, `there are two files \`${fileName}\` in this list`);
    const content = reader.text(held.value, '`file_text`');
    if (content === undefined) continue;
    files.push({ name: fileName, text: content });
    for (const problem of checkCustomFile(fileName, content)) {
      const at = reader.position(held.value);
      const first = at.line + (reader.isBlock(held.value) ? 1 : 0);
      reader.diagnostics.push({
        ...problem,
        file: name,
        line: first + problem.line - 1,
        message: `${fileName}: ${problem.message}`,
      });
    }
  }
  const { diagnostics } = reader;
  return {
    files: diagnostics.some(({ severity }) => severity === 'error') ? [] : files,
    diagnostics: diagnostics.slice(0, MAX_FINDINGS),
  };
}

function checkJson(file: string, text: string): Diagnostic[] {
  try {
    JSON.parse(text);
    return [];
  } catch (error) {
    const message = (error as Error).message;
    const [, offset] = /at position (\d+)/.exec(message) ?? [];
    const before = text.slice(0, offset === undefined ? text.length : Number(offset));
    const lines = before.split(/\r\n|\n|\r/);
    return [
      {
        file,
        line: lines.length,
        column: lines.at(-1)!.length + 1,
        severity: 'error',
        message: `this is not JSON: ${message.replace(/ (?:in JSON )?at position.*$/s, '')}`,
      },
    ];
  }
}

/** RFC 4180; a dictionary has a key and a value in each row. */
function checkCsv(file: string, text: string): Diagnostic[] {
  const found: Diagnostic[] = [];
  const report = (line: number, column: number, message: string, hint: string): void => {
    found.push({ file, line, column, severity: 'error', message, hint });
  };
  let columns: number | undefined;
  let line = 1;
  const row = /(?:"(?:[^"]|"")*"|[^",\r\n]*)(?:,(?:"(?:[^"]|"")*"|[^",\r\n]*))*(?:\r\n|\n|\r|$)/y;
  while (row.lastIndex < text.length && found.length < MAX_FINDINGS) {
    const at = row.lastIndex;
    const match = row.exec(text);
    if (!match || match[0] === '') {
      report(
        line,
        1,
        'this row can not be read',
        'a text with commas or quotes stands in quotes: "a, ""b"""',
      );
      const next = /[^\r\n]*(?:\r\n|\n|\r|$)/y;
      next.lastIndex = at;
      next.exec(text);
      row.lastIndex = next.lastIndex;
      line++;
      continue;
    }
    const content = match[0].replace(/[\r\n]+$/, '');
    const count = (content.replace(/"(?:[^"]|"")*"/g, '').match(/,/g)?.length ?? 0) + 1;
    if (content.trim() !== '') {
      if (columns === undefined) columns = count;
      else if (count !== columns)
        report(
          line,
          1,
          `this row has ${count} ${count === 1 ? 'column' : 'columns'}, and the first one has ${columns}`,
          'a text with commas stands in quotes',
        );
    }
    line += (match[0].match(/\r\n|\n|\r/g) ?? []).length;
    if (row.lastIndex === at) break;
  }
  return found;
}

function checkPem(file: string, text: string): Diagnostic[] {
  const found: Diagnostic[] = [];
  let open: { readonly label: string; readonly line: number } | undefined;
  for (const [at, line] of text.split(/\r\n|\n|\r/).entries()) {
    const [, word, label] = /^\s*-----(BEGIN|END) ([A-Z0-9 ]+)-----\s*$/.exec(line) ?? [];
    const say = (message: string): void => {
      if (found.length < MAX_FINDINGS)
        found.push({ file, line: at + 1, column: 1, severity: 'error', message });
    };
    if (word === 'BEGIN') {
      if (open) say(`the ${open.label} of line ${open.line} does not end before this one begins`);
      open = { label: label!, line: at + 1 };
    } else if (word === 'END') {
      if (open?.label !== label) say(`this ends a ${label} that does not begin`);
      open = undefined;
    } else if (open && line !== '' && !/^[A-Za-z0-9+/=]+$|^[\w-]+: /.test(line.trim()))
      say('this line is no part of a certificate or key');
    else if (open && /^[ \t]/.test(line))
      say('this line begins with a space: it was pasted with its indentation');
  }
  if (open)
    found.push({
      file,
      line: open.line,
      column: 1,
      severity: 'error',
      message: `this ${open.label} does not end`,
      hint: `a line -----END ${open.label}----- is missing`,
    });
  return found;
}
