/** Run as a program: reads standard input through the stdin input and prints its events' messages as JSON. */
import { line } from '../../src/plugins/codecs/line.ts';
import { stdin } from '../../src/plugins/inputs/stdin.ts';
import { createCodec, decoderContext, resolveOptions } from './plugin.ts';
import { intakeContext } from './writer.ts';

const options = resolveOptions(stdin, {});
const context = intakeContext({
  finished() {
    const decoder = stdin.createDecoder(options, decoderContext(createCodec(line)));
    process.stdout.write(JSON.stringify(context.writer.decode(decoder).map((event) => event.fields)));
    void intake.close();
  },
});
const intake = stdin.createIntake(options, context);
await intake.open(new AbortController().signal);
if (process.argv[2] === 'close') {
  process.stdout.write('open');
  await intake.close();
}
