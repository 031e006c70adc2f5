/** The machine's time zone for CRuby in WebAssembly, which has none of its own: a table of transitions. */

/** Epoch second from which on; seconds ahead of UTC; abbreviation. */
export type Transition = readonly [from: number, offset: number, abbreviation: string];

const YEARS = [1970, 2038] as const;
const DAY = 86_400_000;

/** Seconds that the machine's zone is ahead of UTC at a moment. */
export const zoneOffset = (millis: number): number => -new Date(millis).getTimezoneOffset() * 60 || 0;

/** Each knows the abbreviations of its own part of the world only. */
const LOCALES = ['en-US', 'en-GB', 'en-AU', 'en-IN', 'en-ZA'];
let formats: Intl.DateTimeFormat[] | undefined;

/** Abbreviation of the machine's zone at a moment (`EST`, `EET`), or the offset where none is known. */
export function zoneName(millis: number): string {
  formats ??= LOCALES.map((locale) => new Intl.DateTimeFormat(locale, { timeZoneName: 'short' }));
  for (const format of formats) {
    const name = format.formatToParts(millis).find((part) => part.type === 'timeZoneName')?.value;
    if (name !== undefined && !/^(GMT|UTC)[-+]/.test(name)) return name;
  }
  const minutes = Math.abs(zoneOffset(millis)) / 60;
  const digits = [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0'));
  return `${zoneOffset(millis) < 0 ? '-' : '+'}${digits[0]}${minutes % 60 === 0 ? '' : digits[1]}`;
}

/** Every change of the machine's offset from 1970 to 2037. */
export function zoneTransitions(): Transition[] {
  const start = Date.UTC(YEARS[0], 0, 1);
  const end = Date.UTC(YEARS[1], 0, 1);
  const found: Transition[] = [[start / 1000, zoneOffset(start), zoneName(start)]];
  for (let at = start; at < end; at += 14 * DAY) {
    if (zoneOffset(at) === zoneOffset(at + 14 * DAY)) continue;
    let low = at;
    let high = at + 14 * DAY;
    while (high - low > 1000) {
      const middle = Math.floor((low + high) / 2000) * 1000;
      if (zoneOffset(middle) === zoneOffset(low)) low = middle;
      else high = middle;
    }
    found.push([high / 1000, zoneOffset(high), zoneName(high)]);
  }
  return found;
}

/** Ruby code that makes local time what the table says. */
export function localTime(transitions: readonly Transition[]): string {
  return `
module Millrace
  class Zone
    def initialize(table) = @table = table
    def at(seconds) = @table[(@table.bsearch_index { |from, _| from > seconds } || @table.length) - 1] || @table[0]
    def utc_to_local(time) = time + at(time.to_i)[1]
    def local_to_utc(time)
      seconds = time.to_i
      first = seconds - at(seconds)[1]
      time - at(first)[1]
    end
    def abbr(time) = at(time.to_i)[2]
    def name = @table[-1][2]
  end
  ZONE = Zone.new(${JSON.stringify(transitions)})
end
class Time
  class << self
    %i[now at new].each do |name|
      original = instance_method(name)
      define_method(name) do |*arguments, **options|
        fixed = options.key?(:in) || (name == :new && (arguments.length > 6 || arguments[0].is_a?(String)))
        options[:in] = Millrace::ZONE unless fixed
        original.bind_call(self, *arguments, **options)
      end
    end
    def local(*arguments) = new(*arguments.first(6))
    alias_method :mktime, :local
  end
  original_zone = instance_method(:zone)
  define_method(:zone) do
    zone = original_zone.bind_call(self)
    zone.is_a?(Millrace::Zone) ? zone.abbr(self) : zone
  end
  %i[localtime getlocal].each do |name|
    original = instance_method(name)
    define_method(name) { |zone = Millrace::ZONE| original.bind_call(self, zone || Millrace::ZONE) }
  end
end
nil`;
}
