/** Downloads the events of a search while showing how far it is. */
import { useCallback, useRef, useState } from 'react';
import type { EventQuery } from '../../../../src/server/contract.ts';
import { open } from '../../lib/api.ts';
import { saveFile } from '../../lib/save-file.ts';

interface ExportState {
  readonly format: 'csv' | 'ndjson';
  readonly rows: number;
  readonly bytes: number;
  /** Undefined while it runs. */
  readonly end?: 'done' | 'cancelled' | { readonly error: string };
}

/** Parts are given to the browser, which keeps them on disk, before they fill the memory. */
const PART = 4 * 1024 * 1024;
const NEWLINE = 10;
const QUOTE = 34;

/** Counts lines that end outside of quotes. */
class Rows {
  rows = 0;
  #quoted = false;
  readonly #quotes: boolean;

  constructor(quotes: boolean) {
    this.#quotes = quotes;
  }

  add(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (byte === NEWLINE && !this.#quoted) this.rows++;
      else if (byte === QUOTE && this.#quotes) this.#quoted = !this.#quoted;
    }
  }
}

export interface Exporting {
  readonly state: ExportState | undefined;
  readonly start: (search: EventQuery, format: 'csv' | 'ndjson', columns: readonly string[]) => Promise<void>;
  readonly cancel: () => void;
  readonly dismiss: () => void;
}

export function useExport(): Exporting {
  const [state, setState] = useState<ExportState>();
  const controller = useRef<AbortController>(undefined);
  const start = useCallback<Exporting['start']>(async (search, format, columns) => {
    const current = new AbortController();
    controller.current = current;
    let progress: ExportState = { format, rows: 0, bytes: 0 };
    setState(progress);
    try {
      const response = await open('POST /api/events/export', {
        body: { ...search, format, columns: [...columns] },
        signal: current.signal,
      });
      const name = /filename="([^"]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1];
      const counter = new Rows(format === 'csv');
      const parts: Blob[] = [];
      let pending: Uint8Array<ArrayBuffer>[] = [];
      let size = 0;
      let told = 0;
      for (const reader = response.body!.getReader(); ; ) {
        const { done, value } = await reader.read();
        if (done) break;
        counter.add(value);
        pending.push(value);
        size += value.length;
        progress = {
          format,
          // The first line of CSV names the columns.
          rows: Math.max(0, format === 'csv' ? counter.rows - 1 : counter.rows),
          bytes: progress.bytes + value.length,
        };
        if (size >= PART) {
          parts.push(new Blob(pending));
          pending = [];
          size = 0;
        }
        if (performance.now() - told > 150) {
          told = performance.now();
          setState(progress);
        }
      }
      saveFile(
        new Blob([...parts, ...pending], { type: response.headers.get('content-type') ?? '' }),
        name ?? `events.${format}`,
      );
      setState({ ...progress, end: 'done' });
    } catch (error) {
      setState({
        ...progress,
        end: current.signal.aborted ? 'cancelled' : { error: (error as Error).message },
      });
    }
  }, []);
  const cancel = useCallback(() => controller.current?.abort(), []);
  const dismiss = useCallback(() => setState(undefined), []);
  return { state, start, cancel, dismiss };
}
