/** For inputs that split streams by themselves: the codec's records end where the input says. */
import type { Codec } from '../../kernel/plugin.ts';

/** The codec, with another delimiter for those who split runs of lines. */
export function withDelimiter(codec: Codec, delimiter: string): Codec {
  if ((codec.delimiter ?? '\n') === delimiter) return codec;
  return {
    ...(codec.charset === undefined ? {} : { charset: codec.charset }),
    ...(codec.flush ? { flush: codec.flush.bind(codec) } : {}),
    ...(codec.fork ? { fork: () => withDelimiter(codec.fork!(), delimiter) } : {}),
    delimiter,
    wholeText: codec.wholeText ?? false,
    stateful: codec.stateful ?? false,
    decode: codec.decode.bind(codec),
    encode: codec.encode.bind(codec),
    get holding() {
      return codec.holding ?? false;
    },
  };
}
