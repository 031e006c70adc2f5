import type { ScanPage } from '../scan.ts';

/** Bytes of an export in order. When they are on the disk, the export can go on behind `page`. */
export interface ExportPiece {
  readonly bytes: Buffer;
  /** The page that they end. */
  readonly page?: ScanPage;
}
