/** LogStash::Event and LogStash::Timestamp for CRuby in WebAssembly, written in Ruby. */
export const events = String.raw`
require "json"
require "time"

module LogStash
  class Error < StandardError; end
  class FieldReferenceError < RuntimeError; end
  class TimestampParserError < Error; end
  module Json
    class ParserError < LogStash::Error; end
    class GeneratorError < LogStash::Error; end
    def self.load(text, options = {}) = ::JSON.parse(text, max_nesting: false)
    def self.dump(value, options = {}) = ::JSON.generate(value, max_nesting: false)
    class << self
      alias_method :jruby_load, :load
      alias_method :jruby_dump, :dump
    end
  end

  # A moment with nanoseconds, UTC.
  class Timestamp
    include Comparable
    ISO = /\A([+-]?\d{4,6})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d\d(?::?\d\d)?)?)?\z/i

    def self.now = new
    def self.at(seconds, *rest) = new(::Time.at(seconds, *rest))
    def self.parse_iso8601(text)
      raise TypeError, "wrong argument type #{text.class} (expected String)" unless text.is_a?(::String)
      new(text)
    end
    def self.coerce(value)
      case value
      when Timestamp then new(value.time)
      when nil, ::Time, ::String then new(value)
      end
    end

    def initialize(value = nil)
      case value
      when nil then @time = ::Time.now.utc
      when ::Time then @time = value.getutc
      when Timestamp then @time = value.time
      when ::String then @time = parse(value)
      else raise TypeError, "wrong argument type #{value.class} (expected Time)"
      end
    end

    # A new object: what it is shown in may be changed.
    def time = @time.dup

    def to_iso8601
      nanos = @time.nsec
      digits = nanos % 1_000_000 == 0 ? 3 : nanos % 1000 == 0 ? 6 : 9
      @time.strftime("%Y-%m-%dT%H:%M:%S.%#{digits}NZ")
    end
    alias_method :to_s, :to_iso8601
    alias_method :inspect, :to_iso8601
    alias_method :iso8601, :to_iso8601
    def to_json(*) = %("#{to_iso8601}")
    %i[to_i to_f to_r usec tv_usec nsec tv_nsec tv_sec year month mon day mday hour min sec wday yday strftime localtime getlocal].each do |name|
      define_method(name) { |*arguments| @time.dup.public_send(name, *arguments) }
    end
    def utc = self
    def gmtime = self
    def <=>(other)
      other = other.time if other.is_a?(Timestamp)
      @time <=> other
    end
    def ==(other) = (other.is_a?(Timestamp) || other.is_a?(::Time)) && (self <=> other) == 0
    def eql?(other) = other.is_a?(Timestamp) && self == other
    def hash = @time.hash
    def +(other) = Timestamp.new(@time + other)
    def -(other)
      return @time - other.time if other.is_a?(Timestamp)
      difference = @time - other
      difference.is_a?(::Time) ? Timestamp.new(difference) : difference
    end

    private

    def parse(text)
      match = ISO.match(text)
      raise TimestampParserError, "invalid timestamp string format #{text}" unless match
      year, month, day, hour, minute, second = match[1..6].map { |digits| digits.to_i }
      fraction = Rational((match[7] || "0"), 10**(match[7] || "0").length)
      zone = match[8]
      offset = 0
      if zone && zone.upcase != "Z"
        digits = zone[1..].delete(":").ljust(4, "0")
        offset = (digits[0, 2].to_i * 60 + digits[2, 2].to_i) * 60
        offset = -offset if zone[0] == "-"
      end
      raise ArgumentError unless ::Date.valid_date?(year, month, day)
      ::Time.at(::Time.utc(year, month, day, hour, minute, [second, 59].min).to_i - offset, fraction * 1_000_000_000, :nsec).utc
    rescue ArgumentError
      raise TimestampParserError, "invalid timestamp string format #{text}"
    end
  end

  class Event
    METADATA = "@metadata"
    TIMESTAMP = "@timestamp"
    VERSION = "@version"
    VERSION_ONE = "1"
    TIMESTAMP_FAILURE_TAG = "_timestampparsefailure"
    TIMESTAMP_FAILURE_FIELD = "_@timestamp"
    PATHS = {}
    private_constant :PATHS

    # The names of a reference from the outside in; METADATA first for the metadata.
    def self.path(reference)
      raise TypeError, "no implicit conversion of #{reference.nil? ? 'nil' : reference.class} into String" unless reference.is_a?(::String)
      PATHS[reference] || begin
        PATHS.clear if PATHS.size > 10_000
        PATHS[reference.dup.freeze] = parse_path(reference).map { |name| unescape(name) }
      end
    end

    # none, percent or ampersand: how brackets stand in names.
    def self.escapes=(style)
      PATHS.clear if style != @escapes
      @escapes = style
    end

    def self.unescape(name)
      case @escapes
      when "percent" then name.gsub(/%5B/i, "[").gsub(/%5D/i, "]")
      when "ampersand" then name.gsub("&#91;", "[").gsub("&#93;", "]")
      else name
      end
    end
    private_class_method :unescape

    def self.parse_path(reference)
      bad = ->(why) { raise FieldReferenceError, "Invalid FieldReference: ${'`'}#{reference}${'`'} (#{why})" }
      unless reference.match?(/[\[\]]/)
        bad.("it is empty") if reference.empty?
        return [reference.dup]
      end
      names = []
      at = 0
      bracket = lambda do
        at += 1
        if reference[at] == "["
          bracket.() while reference[at] == "["
          bad.("a bracket is not closed") if reference[at] != "]"
        else
          stop = reference.index(/[\[\]]/, at)
          bad.("a bracket is not closed") if stop.nil? || reference[stop] != "]"
          bad.("empty brackets") if stop == at
          names << reference[at...stop]
          at = stop
        end
        at += 1
      end
      while at < reference.length
        bad.("text outside of brackets") if reference[at] != "["
        bracket.()
      end
      names
    end
    private_class_method :parse_path

    def self.from_json(text)
      value = ::JSON.parse(text, max_nesting: false)
      case value
      when ::Array then value.map { |each| new(each) }
      when ::Hash then [new(value)]
      else raise Json::ParserError, "JSON must be an object or an array"
      end
    rescue ::JSON::ParserError => e
      raise Json::ParserError, e.message
    end

    # As the engine hands it over; owns what it is given.
    def self.take(data, metadata, times)
      event = allocate
      event.send(:take, data, metadata, times)
      event
    end

    # Deep copy of what Ruby code gave, in the types that events hold; text stays the same object.
    def self.convert(value)
      case value
      when ::String, ::Integer, ::Float, nil, true, false, Timestamp then value
      when ::Symbol then value.to_s
      when ::Time then Timestamp.new(value)
      when ::Hash then value.each_with_object({}) { |(name, inner), made| made[name.is_a?(::String) ? name : name.to_s] = convert(inner) }
      when ::Array then value.map { |inner| convert(inner) }
      else
        return Timestamp.new(value.to_time) if defined?(::Date) && value.is_a?(::Date)
        raise ArgumentError, "Missing Converter handling for full class name=#{value.class}"
      end
    end

    def self.copy(value)
      case value
      when ::Hash then value.transform_values { |inner| copy(inner) }
      when ::Array then value.map { |inner| copy(inner) }
      else value
      end
    end

    def initialize(data = nil)
      raise TypeError, "wrong argument type #{data.class} (expected Hash)" unless data.nil? || data.is_a?(::Hash)
      @cancelled = false
      @data = data ? Event.convert(data) : {}
      @metadata = @data.delete(METADATA)
      @metadata = {} unless @metadata.is_a?(::Hash)
      tags = @data["tags"]
      unless tags.nil? || legal_tags?(tags)
        @data["_tags"] = tags
        @data["tags"] = ["_tagsparsefailure"]
      end
      @data[VERSION] ||= VERSION_ONE
      given = @data[TIMESTAMP]
      begin
        @data[TIMESTAMP] = given.is_a?(Timestamp) ? given : Timestamp.new(given)
      rescue TimestampParserError, TypeError
        @data[TIMESTAMP] = Timestamp.new
        @data[TIMESTAMP_FAILURE_FIELD] = given
        tag(TIMESTAMP_FAILURE_TAG)
      end
    end

    def get(reference)
      Event.copy(value_at(Event.path(reference)))
    end

    def set(reference, value)
      path = Event.path(reference)
      first = path[0]
      if path.length == 1
        if first == TIMESTAMP
          raise TypeError, "wrong argument type #{value.class} (expected LogStash::Timestamp)" unless value.is_a?(Timestamp)
          @data[first] = value
          return value
        elsif first == "tags"
          converted = Event.convert(value)
          raise ArgumentError, "Could not set the tags field: it takes a string or an array of strings" unless converted.nil? || legal_tags?(converted)
          @data[first] = converted
          return value
        elsif first == METADATA
          raise ArgumentError, "@metadata takes a map" unless value.nil? || value.is_a?(::Hash)
          @metadata = Event.convert(value || {})
          return value
        end
      end
      container = root(path)
      from = first == METADATA ? 1 : 0
      path[from...-1].each { |name| container = enter(container, name) }
      store(container, path[-1], Event.convert(value))
      value
    end

    def remove(reference)
      path = Event.path(reference)
      if path == [METADATA]
        old = @metadata
        @metadata = {}
        return old
      end
      container = value_at(path[0...-1], root(path))
      case container
      when ::Hash then container.delete(path[-1])
      when ::Array then path[-1].match?(/\A-?\d{1,9}\z/) ? container.delete_at(path[-1].to_i) : nil
      end
    end

    def include?(reference)
      path = Event.path(reference)
      return true if path == [METADATA]
      container = value_at(path[0...-1], root(path))
      case container
      when ::Hash then container.key?(path[-1])
      when ::Array then path[-1].match?(/\A-?\d{1,9}\z/) && !container[path[-1].to_i].nil?
      else false
      end
    end

    def tag(value)
      raise TypeError, "no implicit conversion of #{value.nil? ? 'nil' : value.class} into String" unless value.is_a?(::String)
      tags = @data["tags"]
      case tags
      when ::Array then tags << value unless tags.include?(value)
      when ::String then @data["tags"] = tags == value ? [tags] : [tags, value]
      else @data["tags"] = [value]
      end
      nil
    end

    def cancel
      @cancelled = true
    end
    def uncancel
      @cancelled = false
    end
    def cancelled? = @cancelled
    def timestamp = @data[TIMESTAMP].is_a?(Timestamp) ? @data[TIMESTAMP] : nil
    def timestamp=(value)
      set(TIMESTAMP, value)
    end
    def metadata = @metadata
    def to_hash = Event.copy(@data)
    def to_hash_with_metadata = @metadata.empty? ? to_hash : to_hash.merge(METADATA => Event.copy(@metadata))
    def to_json(*) = Millrace.json(@data)
    def to_s = sprintf("%{@timestamp} %{host} %{message}")
    def inspect = "#<LogStash::Event>"
    def clone
      made = Event.allocate
      made.send(:take, deep(@data), deep(@metadata), [])
      made
    end
    alias_method :dup, :clone
    def overwrite(other)
      raise TypeError, "wrong argument type #{other.class} (expected LogStash::Event)" unless other.is_a?(Event)
      @data = other.to_hash
      @cancelled = other.cancelled?
      self
    end
    def append(other)
      raise TypeError, "wrong argument type #{other.class} (expected LogStash::Event)" unless other.is_a?(Event)
      merge_into(@data, other.to_hash)
      self
    end

    def sprintf(format)
      format = format.to_s
      return format.dup unless format.include?("%{")
      format.gsub(/%\{\{(.*?)\}\}|%\{(.*?)\}/m) do |placeholder|
        java, inner = $1, $2
        if java || inner.start_with?("+")
          pattern = java || inner[1..]
          next Timestamp.now.to_s if java == "TIME_NOW"
          time = timestamp
          next "" unless time
          next time.to_i.to_s if inner && pattern == "%s"
          Millrace.date(time.time, pattern)
        elsif inner.empty?
          placeholder
        else
          value = begin
            value_at(Event.path(inner))
          rescue FieldReferenceError
            nil
          end
          value.nil? ? placeholder : text_of(value)
        end
      end
    end

    private

    def take(data, metadata, times)
      @cancelled = false
      @data = data
      @metadata = metadata || {}
      times.each do |path|
        holder = value_at(path[0...-1], root(path))
        next unless holder.is_a?(::Hash) && holder[path[-1]].is_a?(::String)
        begin
          holder[path[-1]] = Timestamp.new(holder[path[-1]])
        rescue TimestampParserError
          next
        end
      end
    end

    def root(path) = path[0] == METADATA ? @metadata : @data

    def value_at(path, from = nil)
      value = from || root(path)
      path.each_with_index do |name, index|
        next if index == 0 && name == METADATA
        case value
        when ::Hash then value = value[name]
        when ::Array then value = name.match?(/\A-?\d{1,9}\z/) ? value[name.to_i] : nil
        else return nil
        end
      end
      value
    end

    def enter(container, name)
      inner = container.is_a?(::Array) ? (name.match?(/\A-?\d{1,9}\z/) ? container[name.to_i] : nil) : container[name]
      return inner if inner.is_a?(::Hash) || inner.is_a?(::Array)
      raise ArgumentError, "could not set field ${'`'}#{name}${'`'}: its value is neither a map nor a list" unless inner.nil?
      made = {}
      store(container, name, made)
      made
    end

    def store(container, name, value)
      return container[name.dup] = value unless container.is_a?(::Array)
      raise ArgumentError, "can not set field ${'`'}#{name}${'`'} of a list" unless name.match?(/\A-?\d{1,9}\z/)
      index = name.to_i
      raise ArgumentError, "index #{name} is outside of the list" if index < -container.length || index > container.length + 100_000
      container[index] = value
    end

    def legal_tags?(tags)
      tags.is_a?(::String) || (tags.is_a?(::Array) && tags.all?(::String))
    end

    def deep(value)
      case value
      when ::Hash then value.transform_values { |inner| deep(inner) }
      when ::Array then value.map { |inner| deep(inner) }
      when ::String then value.dup
      else value
      end
    end

    def merge_into(target, source)
      source.each do |name, value|
        next if name == TIMESTAMP || name == VERSION
        old = target[name]
        if old.nil? then target[name] = value
        elsif old.is_a?(::Hash) && value.is_a?(::Hash) then merge_into(old, value)
        elsif old.is_a?(::Array) then target[name] = value.is_a?(::Array) ? old | value : old | [value]
        elsif value.is_a?(::Array) then target[name] = [old] | value
        elsif old != value then target[name] = [old, value]
        end
      end
    end

    def text_of(value)
      case value
      when ::Array then value.map { |inner| text_of(inner) }.join(",")
      when ::Hash then Millrace.json(value)
      else value.to_s
      end
    end
  end
end
`;
