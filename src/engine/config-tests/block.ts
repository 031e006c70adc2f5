/** Picks the part of a pipeline's filters that a test names: one filter, one file, or one branch. */
import { basename } from 'node:path';
import { suggest } from '../../kernel/diagnostic.ts';
import { printCondition } from '../../lang/compile-text.ts';
import type { GraphStatement, PipelineGraph } from '../../lang/graph.ts';
import { branchesOf, nodesOf } from '../../lang/graph-walk.ts';

/** The filters of a block, or what there is instead. */
export type Block = { readonly filters: readonly GraphStatement[] } | { readonly hint: string };

/**
 * `name`: the `id` of a filter, the name of a config file (`20-syslog.conf`, whose filters are taken), or a condition
 * as the config says it (`if [type] == "syslog"`: that branch with all its arms).
 */
export function blockOf({ filters }: PipelineGraph, name: string): Block {
  const nodes = nodesOf(filters);
  const node = nodes.find(({ id }) => id === name);
  if (node) return { filters: [node] };
  const fileOf = (statement: GraphStatement): string => statement.position.file;
  const ofFile = filters.filter((each) => basename(fileOf(each)) === name || fileOf(each) === name);
  if (ofFile.length > 0) return { filters: ofFile };
  const wanted = squeezed(name.replace(/^\s*(?:else\s+)?if\b/, ''));
  const branches = branchesOf(filters);
  const branch = branches.find(({ arms }) =>
    arms.some(({ condition }) => condition !== undefined && squeezed(printCondition(condition)) === wanted),
  );
  if (branch) return { filters: [branch] };
  const ids = nodes.filter(({ given }) => given.includes('id')).map(({ id }) => id);
  const files = [...new Set(filters.map((each) => basename(fileOf(each))))];
  const near = suggest(name, [...ids, ...files]);
  if (near !== undefined) return { hint: `did you mean \`${near}\`?` };
  const listed = [...ids, ...files].slice(0, 8).join(', ');
  return {
    hint: `name the id of a filter, a config file or a condition; there are ${listed || 'no filters'}`,
  };
}

/** Conditions are the same however they are spaced and quoted. */
const squeezed = (text: string): string =>
  text
    .replace(/\s+/g, '')
    .replaceAll("'", '"')
    .replace(/^\((.*)\)$/, '$1');
