/** Indices that were brought back from the archive: no rule moves them there again. A setting of the index says so. */
import { flatSettings } from '../mapping/templates.ts';
import type { Index, Json } from './catalogue.ts';
import { mergeSettings } from './indices.ts';

const SETTING = 'index.millrace.keep_here';

export const isKeptHere = ({ settings }: Pick<Index, 'settings'>): boolean =>
  flatSettings(settings)[SETTING] === 'true';

/** Settings of an index that is kept here from now on, or not. */
export const keptHere = (settings: Json, isKept: boolean): Json =>
  mergeSettings(settings, { [SETTING]: String(isKept) });
