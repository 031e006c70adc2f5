import { closeSync, fsyncSync, openSync } from 'node:fs';

/** Makes names that were added to a folder, changed or taken out of it durable. @throws the system's error */
export function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
