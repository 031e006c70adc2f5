/**
 * Standard input in any thread. Pipes and terminals are polled: a read(2) on them that waits would hold the process
 * open at its end. Files are read by the thread pool.
 */
import { fstatSync, read } from 'node:fs';
import { Socket } from 'node:net';
import { isatty, ReadStream } from 'node:tty';

export interface StdinReader {
  /** Takes a chunk, valid during the call only. False: wait for `ready` before the next. */
  data(chunk: Buffer): boolean;
  ready(): Promise<void>;
  /** Called once, not after `close`; with the reason when it ended by an error. */
  end(problem?: string): void;
}

const CHUNK_BYTES = 64 * 1024;

/** Starts reading. `close` stops it; nothing is called afterwards. */
export function openStdin(reader: StdinReader): { close(): void } {
  let kind: 'socket' | 'file' | 'none' = 'none';
  try {
    const stat = fstatSync(0);
    kind = stat.isFIFO() || stat.isSocket() ? 'socket' : 'file';
  } catch {
    // Closed from the start: nothing to read.
  }
  if (kind === 'none') {
    queueMicrotask(() => reader.end());
    return { close() {} };
  }
  if (kind === 'socket') return stream(new Socket({ fd: 0, readable: true, writable: false }), reader);
  if (isatty(0)) return stream(new ReadStream(0), reader);
  return file(reader);
}

function stream(socket: Socket, reader: StdinReader): { close(): void } {
  let done = false;
  const end = (problem?: string): void => {
    if (done) return;
    done = true;
    reader.end(problem);
  };
  socket.on('data', (chunk) => {
    if (done || reader.data(chunk as Buffer)) return;
    socket.pause();
    void reader.ready().then(() => {
      if (!done) socket.resume();
    });
  });
  socket.on('end', () => end());
  // A terminal that went away reads as an error.
  socket.on('error', (error: NodeJS.ErrnoException) => end(error.code === 'EIO' ? undefined : error.message));
  return {
    close() {
      done = true;
      socket.destroy();
    },
  };
}

function file(reader: StdinReader): { close(): void } {
  let done = false;
  const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  const next = (): void => {
    read(0, buffer, 0, buffer.length, null, (error, length) => {
      if (done) return;
      if (error?.code === 'EAGAIN') {
        setTimeout(next, 10);
        return;
      }
      if (error || length === 0) {
        done = true;
        reader.end(error?.message);
      } else if (reader.data(buffer.subarray(0, length))) next();
      else
        void reader.ready().then(() => {
          if (!done) next();
        });
    });
  };
  next();
  return {
    close() {
      done = true;
    },
  };
}
