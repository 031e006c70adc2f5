/** The Lumberjack peer: main.go beside this file, on Elastic's go-lumber. */
import { buildGoProgram } from '../../support/go-program.ts';

/** Path of the program, or why there is none. */
export const buildGoLumber = (): Promise<{ path: string } | { missing: string }> =>
  buildGoProgram(import.meta.dirname);
