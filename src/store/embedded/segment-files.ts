/** Which files a segment has: those that hold its rows, which are never without one another, and what can be made again. */
import type { SegmentInfo, StoredFile } from './catalogue.ts';

/** What its rows stand in: each counts, is checked, copied and brought back. */
export const partsOf = (info: Pick<SegmentInfo, keyof StoredFile | 'documents'>): readonly StoredFile[] =>
  info.documents ? [info, info.documents] : [info];

export const bytesOf = (info: Pick<SegmentInfo, 'bytes' | 'documents'>): number =>
  info.bytes + (info.documents?.bytes ?? 0);

export const filesOf = ({
  file,
  documents,
  sidecars,
}: Pick<SegmentInfo, 'file' | 'documents' | 'sidecars'>): readonly string[] => [
  file,
  ...(documents ? [documents.file] : []),
  ...Object.values(sidecars),
];

/** The documents of the segment that has this file. */
export const documentsFile = (file: string): string => `${stemOf(file)}.documents.parquet`;

/** What the names of all of its files begin with. */
export const stemOf = (file: string): string => file.slice(0, -'.parquet'.length);
