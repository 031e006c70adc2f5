/**
 * The Ruby half of the bridge to WebAssembly: Logstash's event and timestamp classes, the host that filters run in,
 * and the loop that reads batches and writes results, one JSON line an event (formats in `wasm-worker.ts`).
 */
import { events } from './prelude-event.ts';
import { BRIDGE_IN, BRIDGE_OUT } from './wasi.ts';

const host = String.raw`
module Millrace
  IN = File.open("${BRIDGE_IN}", "r:UTF-8")
  OUT = File.open("${BRIDGE_OUT}", "w:UTF-8")
  OUT.sync = true
  FILTERS = {}

  class Logger
    def initialize(filter) = @filter = filter
    %i[trace debug info warn error fatal].each do |level|
      define_method(level) do |message = nil, fields = nil, &block|
        message = block.call if message.nil? && block
        Millrace.say("log" => level.to_s, "filter" => @filter, "text" => message.to_s, "fields" => fields.to_h { |k, v| [k.to_s, v.to_s] })
        nil
      end
      define_method("#{level}?") { level != :debug && level != :trace }
    end
  end

  # What code of the user sees as self.
  class Host
    attr_reader :logger
    def initialize(filter)
      @logger = Logger.new(filter)
    end
    def inspect = "#<LogStash::Filters::Ruby>"
  end

  class TestCase
    attr_reader :name, :params, :inputs, :expectations
    def initialize(name)
      @name, @params, @inputs, @expectations = name, {}, [], []
    end
    def parameters(&block) = @params = block.call
    def in_event(&block) = @inputs << block
    def expect(name, &block) = @expectations << [name, block]
  end

  class Filter
    def initialize(id, spec)
      @id, @spec = id, spec
      LogStash::Event.escapes = spec["escapes"]
      @times = spec["times"].map { |reference| LogStash::Event.path(reference) }
    end

    def load
      if @spec["source"]
        failures = test
        @host = script_host([])
        @host.register(@spec["params"]) if @host.respond_to?(:register, true)
        failures
      else
        @host = Host.new(@id)
        @host.instance_eval(@spec["init"], "(ruby filter init)", 1) if @spec["init"]
        @code = @host.instance_eval("lambda { |event, &new_event_block| #{@spec["code"]}\n}", "(ruby filter code)", 1)
        []
      end
    end

    def run(index, input)
      event = LogStash::Event.take(input["f"], input["m"], @times)
      made = []
      begin
        @code ? @code.call(event) { |new_event| made << new_event } : script(event, made)
        failure = nil
      rescue Exception => e
        failure = "#{e.message}"
        kind = e.class.name
      end
      result = { "i" => index, "e" => state(event), "n" => made.grep(LogStash::Event).map { |each| state(each) } }
      result.update("x" => failure, "k" => kind) if failure
      Millrace.say(result)
    end

    private

    def state(event)
      state = { "f" => event.instance_variable_get(:@data), "m" => event.metadata }
      state["c"] = true if event.cancelled?
      state
    end

    def script(event, made)
      results = @host.filter(event)
      raise "Custom script did not return an array from 'filter'. Only arrays may be returned!" unless results.is_a?(Array)
      results.each do |each|
        raise "Custom script returned a non event object '#{each.inspect}'!" unless each.is_a?(LogStash::Event)
      end
      event.cancel unless results.any? { |each| each.equal?(event) }
      made.concat(results.reject { |each| each.equal?(event) })
    end

    def script_host(tests)
      host = Host.new(@id)
      host.define_singleton_method(:test) do |name, &block|
        test = TestCase.new(name)
        test.instance_eval(&block)
        tests << test
      end
      host.instance_eval(@spec["source"], @spec["path"], 1)
      host
    end

    def test
      tests = []
      script_host(tests)
      tests.flat_map do |test|
        host = script_host([])
        host.register(test.params) if host.respond_to?(:register, true)
        results = test.inputs.flat_map { |block| inputs_of(block.call).flat_map { |input| Array(host.filter(LogStash::Event.new(input))) } }
        test.expectations.filter_map do |name, block|
          begin
            outcome = block.call(results)
            "#{test.name}: #{name}" unless outcome
          rescue StandardError => e
            "#{test.name}: #{name} (#{e.class}: #{e.message})"
          end
        end
      end
    end

    def inputs_of(value) = value.is_a?(Array) ? value : [value]
  end

  class << self
    def say(value)
      OUT.syswrite(json(value) << "\n")
    end

    def json(value)
      JSON.generate(value, max_nesting: 0)
    rescue JSON::GeneratorError, JSON::NestingError, EncodingError
      JSON.generate(clean(value), max_nesting: 0)
    end

    # Load one filter; its description is the next line of input.
    def load(id)
      FILTERS[id] = filter = Filter.new(id, JSON.parse(IN.gets, max_nesting: false))
      say("loaded" => filter.load)
    rescue Exception => e
      FILTERS.delete(id)
      say("failed" => e.message, "k" => e.class.name, "where" => (e.backtrace || []).grep_v(/millrace/).first)
    end

    def unload(id) = FILTERS.delete(id)

    def batch(id, count)
      filter = FILTERS.fetch(id)
      count.times { |index| filter.run(index, JSON.parse(IN.gets, max_nesting: false)) }
    end

    # Joda's letters that dates in event names use, in UTC.
    def date(time, pattern)
      letters = { "yyyy" => "%Y", "YYYY" => "%Y", "xxxx" => "%G", "yy" => "%y", "MMMM" => "%B", "MMM" => "%b", "MM" => "%m",
                  "dd" => "%d", "HH" => "%H", "hh" => "%I", "mm" => "%M", "ss" => "%S", "SSS" => "%L", "EEEE" => "%A",
                  "EEE" => "%a", "ww" => "%V", "DDD" => "%j", "D" => "%-j", "M" => "%-m", "d" => "%-d", "H" => "%-H",
                  "a" => "%p", "e" => "%u", "E" => "%a", "Z" => "+0000", "ZZ" => "+00:00", "y" => "%Y", "Y" => "%Y" }
      pattern.gsub(/'((?:[^']|'')*)'|([A-Za-z])\2*/) do |part|
        next ($1.empty? ? "'" : $1.gsub("''", "'")) if $1
        time.strftime(letters.fetch(part) { raise ArgumentError, "Illegal pattern component: #{part}" })
      end
    end

    private

    def clean(value)
      case value
      when Hash then value.to_h { |name, inner| [clean(name.to_s), clean(inner)] }
      when Array then value.map { |inner| clean(inner) }
      when Float then value.finite? ? value : nil
      when String then text(value)
      else value
      end
    end

    def text(value)
      return value.scrub("\u{FFFD}") if value.encoding == Encoding::UTF_8
      return value.dup.force_encoding("UTF-8").scrub("\u{FFFD}") if value.encoding == Encoding::BINARY
      value.encode("UTF-8", invalid: :replace, undef: :replace, replace: "\u{FFFD}")
    end
  end
end
`;

/** Names that scripts require and that are built in or have no meaning here. */
const stubs = `
class IPSocket; end
class Socket < IPSocket
  AF_UNSPEC = 0
  AF_INET = 2
  AF_INET6 = 10
  def self.gethostname = ENV["HOSTNAME"] || "localhost"
end
class SocketError < StandardError; end
$stdout.sync = true
$stderr.sync = true
%w[socket java jruby logstash/event logstash/timestamp logstash/namespace logstash/json logstash/environment logstash/util].each do |name|
  $LOADED_FEATURES << "/millrace/#{name}.rb"
end
module Kernel
  alias_method :require_before_millrace, :require
  def require(name)
    return false if name.is_a?(String) && $LOADED_FEATURES.include?("/millrace/#{name.delete_suffix(".rb")}.rb")
    require_before_millrace(name)
  end
  private :require, :require_before_millrace
end
`;

/** The standard library that Logstash has loaded when filters run; here each part is loaded when it is named. */
const libraries = `
$LOAD_PATH.concat(Dir.glob("/usr/local/lib/ruby/gems/*/gems/{abbrev,base64,csv,getoptlong,matrix,mutex_m,observer,prime,rexml}-*/lib"))
{ Base64: "base64", Benchmark: "benchmark", CGI: "cgi", CSV: "csv", Date: "date", DateTime: "date", Digest: "digest",
  ERB: "erb", IPAddr: "ipaddr", OpenSSL: "openssl", OpenStruct: "ostruct", Pathname: "pathname", Psych: "psych",
  SecureRandom: "securerandom", Shellwords: "shellwords", StringIO: "stringio", StringScanner: "strscan", URI: "uri",
  YAML: "yaml", Zlib: "zlib" }.each { |name, file| Object.autoload(name, file) unless Object.const_defined?(name) }
`;

/** Everything that is evaluated once when the virtual machine starts. */
export const prelude = `${stubs}\n${libraries}\n${events}\n${host}\nnil`;
