/** Which method names the runtime knows at all, so that others are found when the config is loaded. */
import { classes, classMethods, errorClasses, type MethodTable } from './class.ts';
import { cgi, digests, hmac } from './libraries.ts';
import { rubyMethodNames } from './method-names.ts';

function tables(): MethodTable[] {
  const all = [
    ...Object.values(classes),
    ...Object.values(errorClasses),
    ...Object.values(digests),
    cgi,
    hmac,
  ];
  return [classMethods, ...all.flatMap((each) => [each.methods, each.statics])];
}

let names: Set<string> | undefined;

/** Does any class of the runtime have a method of this name, or does none of Ruby's (it raises NoMethodError)? */
export function isImplemented(name: string): boolean {
  names ??= new Set(tables().flatMap((table) => Object.keys(table)));
  return names.has(name) || !isKnownToRuby(name);
}

let known: Set<string> | undefined;
function isKnownToRuby(name: string): boolean {
  known ??= new Set(Object.values(rubyMethodNames).flatMap((list) => list.split(' ')));
  return known.has(name);
}

/** Methods that never leave the runtime, whatever the receiver and the arguments are. */
const SURE = new Set(
  'nil? to_hash each each_pair each_with_index each_key each_value keys values key? has_key? empty? length size is_a? kind_of? strip compact to_a any? all? none? reject to_i fetch dig push'.split(
    ' ',
  ),
);

/** May a call of this name with so many arguments be left without a way out? */
export function isTotal(name: string, count: number): boolean {
  if (!SURE.has(name) || (count > 0 && /\?$/.test(name) && !/key|is_a|kind/.test(name))) return false;
  return Object.entries(rubyMethodNames).every(([className, list]) => {
    if (className === 'Kernel' || className === 'Object') return true;
    const table =
      Object.values(classes).find((each) => each.name === className)?.methods ??
      errorClasses.Exception.methods;
    const method = table[name];
    if (method !== undefined) return method.max === 0 || (method.min <= count && count <= method.max);
    return !list.split(' ').includes(name) && !rubyMethodNames['Object']!.split(' ').includes(name);
  });
}

/** Methods with `!` that only String has: in place, so only the compiler can do them. */
export const onlyForText: ReadonlySet<string> = new Set(
  rubyMethodNames['String']!.split(' ').filter(
    (name) =>
      name.endsWith('!') &&
      !rubyMethodNames['Array']!.split(' ').includes(name) &&
      !rubyMethodNames['Hash']!.split(' ').includes(name),
  ),
);
