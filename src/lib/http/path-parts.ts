/** `/_node/pipelines/my%20pipeline` → its parts, decoded; undefined for what is not encoded well. */
export function pathParts(path: string): string[] | undefined {
  try {
    return path
      .split('/')
      .filter((part) => part !== '')
      .map(decodeURIComponent);
  } catch {
    return undefined;
  }
}
